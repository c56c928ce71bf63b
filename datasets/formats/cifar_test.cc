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
  const auto all = ReadCifar({one, two}, CIFAR_10, {}, 3);
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
  const auto some = ReadCifar({path}, CIFAR_10, {5, 3}, 3);
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->labels, (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(some->pixels[3072], 3);
}

// Examples are numbered through all files. Those of other classes have no number.
TEST(CifarTest, ReadsFromAnyExampleOn) {
  const std::string one = File("first", Record(3, 1, 1, 1) + Record(5, 2, 2, 2));
  const std::string two = File("second", Record(3, 3, 3, 3) + Record(9, 4, 4, 4));
  const auto expect = [&](const std::vector<int64_t>& classes, int64_t count, int64_t first,
                          const std::vector<uint8_t>& labels, const std::vector<uint8_t>& reds) {
    const auto some = ReadCifar({one, two}, CIFAR_10, classes, count, first);
    ASSERT_TRUE(some.ok()) << some.status();
    EXPECT_EQ(some->labels, labels);
    ASSERT_EQ(some->pixels.size(), 3072 * labels.size());
    for (size_t i = 0; i < reds.size(); ++i) EXPECT_EQ(some->pixels[3072 * i], reds[i]);
  };
  expect({}, 2, 1, {5, 3}, {2, 3});
  expect({}, 1, 3, {9}, {4});
  expect({3}, 1, 1, {0}, {3});
  expect({9, 3}, 2, 1, {1, 0}, {3, 4});
  const absl::Status status = ReadCifar({one, two}, CIFAR_10, {3}, 2, 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()),
                                "2 examples of these classes, must be at least 3 (2 from number 1 "
                                "on): lower first_train or num_train"))
      << status;
}

TEST(CifarTest, NothingBeyondTheLastExampleIsRead) {
  const std::string path = File("long", Record(1, 1, 1, 1) + Record(99, 1, 1, 1));
  EXPECT_TRUE(ReadCifar({path, "/no/such/file"}, CIFAR_10, {}, 1).ok());
}

// CIFAR-100 has two label bytes. Read as CIFAR-10, its first label byte would count, and every
// image would be shifted.
TEST(CifarTest, Cifar100HasACoarseAndAFineLabel) {
  const std::string path =
      File("cifar100", '\x0B' + Record(57, 1, 2, 3) + '\x13' + Record(99, 4, 5, 6));
  const auto fine = ReadCifar({path}, CIFAR_100, {}, 2);
  ASSERT_TRUE(fine.ok()) << fine.status();
  EXPECT_EQ(fine->labels, (std::vector<uint8_t>{57, 99}));
  EXPECT_EQ(fine->pixels[0], 1);
  EXPECT_EQ(fine->pixels[3072], 4);
  const auto coarse = ReadCifar({path}, CIFAR_100_COARSE, {}, 2);
  ASSERT_TRUE(coarse.ok()) << coarse.status();
  EXPECT_EQ(coarse->labels, (std::vector<uint8_t>{11, 19}));
  EXPECT_EQ(ReadCifar({path}, CIFAR_100, {99, 57}, 2)->labels, (std::vector<uint8_t>{1, 0}));
  const auto message = [&](const absl::StatusOr<RawImages>& read) {
    return std::string(read.status().message());
  };
  EXPECT_TRUE(absl::StrContains(
      message(ReadCifar({path}, CIFAR_10, {}, 1)),
      path +
          ": 6148 bytes, must be a multiple of 3073, the bytes of a record of CIFAR-10; it is in "
          "the format of CIFAR-100, whose records have 3074 bytes"))
      << message(ReadCifar({path}, CIFAR_10, {}, 1));
  const std::string ten = File("ten", Record(1, 1, 1, 1));
  EXPECT_TRUE(absl::StrContains(message(ReadCifar({ten}, CIFAR_100, {}, 1)),
                                "it is in the format of CIFAR-10, whose records have 3073 bytes"));
  EXPECT_TRUE(absl::StrContains(message(ReadCifar({path}, CIFAR_100, {100}, 1)),
                                "class 100 in the list 100, must be in [0, 99]"));
  const std::string large = File("large", '\x14' + Record(100, 1, 1, 1));
  EXPECT_TRUE(absl::StrContains(message(ReadCifar({large}, CIFAR_100, {}, 1)),
                                "record 0 has label 100, must be in [0, 99]"));
  EXPECT_TRUE(absl::StrContains(message(ReadCifar({large}, CIFAR_100_COARSE, {}, 1)),
                                "record 0 has label 20, must be in [0, 19]"));
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
  expect(ReadCifar({good, torn}, CIFAR_10, {}, 2), absl::StatusCode::kDataLoss,
         torn + ": 100 bytes, must be a multiple of 3073, the bytes of a record of CIFAR-10");
  const std::string page = File("page", "<html>not found</html>");
  expect(ReadCifar({page}, CIFAR_10, {}, 1), absl::StatusCode::kDataLoss, "it is a web page");
  expect(ReadCifar({label}, CIFAR_10, {}, 1), absl::StatusCode::kDataLoss,
         label + ": record 0 has label 10, must be in [0, 9]");
  expect(ReadCifar({"/no/such/file"}, CIFAR_10, {}, 1), absl::StatusCode::kNotFound,
         "/no/such/file");
  expect(ReadCifar({good}, CIFAR_10, {}, 2), absl::StatusCode::kInvalidArgument,
         good + ": 1 examples, must be at least 2");
  expect(ReadCifar({good}, CIFAR_10, {2}, 1), absl::StatusCode::kInvalidArgument,
         "of these classes");
  expect(ReadCifar({good}, CIFAR_10, {}, 0), absl::StatusCode::kInvalidArgument,
         "the number of examples is 0, must be from 1");
  expect(ReadCifar({good}, CIFAR_10, {}, 1, -1), absl::StatusCode::kInvalidArgument,
         "the first example is number -1, must be from 0");
  expect(ReadCifar({good}, CIFAR_10, {3, 10}, 1), absl::StatusCode::kInvalidArgument,
         "class 10 in the list 3, 10");
  expect(ReadCifar({good}, CIFAR_10, {3, 3}, 1), absl::StatusCode::kInvalidArgument,
         "class 3 in the list 3, 3");
}

}  // namespace
}  // namespace attribench
