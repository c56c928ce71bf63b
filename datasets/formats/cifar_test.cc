// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/cifar.h"

#include <fstream>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// A record with one value for all red bytes, one for green, one for blue.
std::string Record(int label, int red, int green, int blue) {
  return std::string(1, static_cast<char>(label)) + std::string(1024, static_cast<char>(red)) +
         std::string(1024, static_cast<char>(green)) + std::string(1024, static_cast<char>(blue));
}

std::string File(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(CifarTest, RecordsOfSeveralFilesInOrder) {
  const std::string one = File("one", Record(3, 1, 2, 3) + Record(5, 4, 5, 255));
  const std::string two = File("two", Record(9, 7, 8, 9));
  const auto all = ReadCifar({one, two}, {}, 3);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->labels, (std::vector<uint8_t>{3, 5, 9}));
  EXPECT_EQ(all->channels, 3);
  EXPECT_EQ(all->height, 32);
  EXPECT_EQ(all->width, 32);
  ASSERT_EQ(all->pixels.size(), 3 * 3072);
  EXPECT_EQ(all->pixels[0], 1);
  EXPECT_EQ(all->pixels[3072 + 1024], 5);
  EXPECT_EQ(all->pixels[2 * 3072 - 1], 255);
  EXPECT_EQ(all->pixels[3 * 3072 - 1], 9);
}

TEST(CifarTest, ClassesAreKeptInOrderAndRenumbered) {
  const std::string path = File(
      "classes", Record(3, 1, 1, 1) + Record(0, 2, 2, 2) + Record(5, 3, 3, 3) + Record(3, 4, 4, 4));
  const auto some = ReadCifar({path}, {5, 3}, 3);
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->labels, (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(some->pixels[3072], 3);
}

TEST(CifarTest, NothingBeyondTheLastExampleIsRead) {
  const std::string path = File("long", Record(1, 1, 1, 1) + "half a record");
  EXPECT_TRUE(ReadCifar({path, "/no/such/file"}, {}, 1).ok());
}

TEST(CifarTest, EveryFaultIsNamed) {
  const std::string good = File("good", Record(1, 1, 1, 1));
  const std::string torn = File("torn", Record(1, 1, 1, 1).substr(0, 100));
  const std::string label = File("label", Record(10, 1, 1, 1));
  const auto expect = [](const absl::StatusOr<RawImages>& read, absl::StatusCode code,
                         const std::string& part) {
    EXPECT_EQ(read.status().code(), code) << read.status();
    EXPECT_TRUE(absl::StrContains(std::string(read.status().message()), part)) << read.status();
  };
  expect(ReadCifar({good, torn}, {}, 2), absl::StatusCode::kDataLoss,
         torn + ": ends after 100 bytes of record 0, must have 3073");
  expect(ReadCifar({label}, {}, 1), absl::StatusCode::kDataLoss,
         label + ": record 0 has label 10, must be in [0, 9]");
  expect(ReadCifar({"/no/such/file"}, {}, 1), absl::StatusCode::kNotFound, "/no/such/file");
  expect(ReadCifar({good}, {}, 2), absl::StatusCode::kInvalidArgument,
         good + ": 1 examples, must be at least 2");
  expect(ReadCifar({good}, {2}, 1), absl::StatusCode::kInvalidArgument, "of these classes");
  expect(ReadCifar({good}, {}, 0), absl::StatusCode::kInvalidArgument,
         "first_n is 0, must be at least 1");
  expect(ReadCifar({good}, {3, 10}, 1), absl::StatusCode::kInvalidArgument,
         "class 10 in the list 3, 10");
  expect(ReadCifar({good}, {3, 3}, 1), absl::StatusCode::kInvalidArgument,
         "class 3 in the list 3, 3");
}

}  // namespace
}  // namespace attribench
