// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/gzipped.h"

#include <string>

#include "datasets/formats/unpacked_file.h"
#include "datasets/random_stream.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::string Unpacked(const std::string& packed) {
  const std::string path = testing::TempDir() + "/packed.gz";
  EXPECT_TRUE(WriteWholeFile(path, packed).ok());
  absl::StatusOr<UnpackedFile> file = UnpackedFile::Open(path);
  std::string content(8 << 20, '\0');
  const auto size = file->Read(reinterpret_cast<uint8_t*>(&content[0]), content.size());
  EXPECT_TRUE(size.ok()) << size.status();
  content.resize(size.value_or(0));
  return content;
}

TEST(GzippedTest, UnpacksToTheSameContentWhateverItsSize) {
  RandomStream stream(1, "gzipped");
  std::string noise(3'000'000, '\0');  // cannot be packed: the output is longer than one piece
  for (char& byte : noise) byte = static_cast<char>(stream.Below(256));
  for (const std::string& content :
       {std::string(), std::string("a"), std::string(5'000'000, 'a'), noise}) {
    const auto packed = Gzipped(content);
    ASSERT_TRUE(packed.ok()) << packed.status();
    EXPECT_TRUE(Unpacked(*packed) == content) << content.size();
  }
  EXPECT_LT(Gzipped(std::string(5'000'000, 'a'))->size(), 10'000u);
}

// RFC 1952: bytes 4 to 7 are the time, byte 3 the flags (8: with a name).
TEST(GzippedTest, HoldsNoTimeAndNoName) {
  const std::string packed = *Gzipped("content");
  EXPECT_EQ(packed.substr(0, 3), "\x1f\x8b\x08");
  EXPECT_EQ(packed.substr(3, 5), std::string(5, '\0'));
  EXPECT_EQ(packed, *Gzipped("content"));
}

}  // namespace
}  // namespace attribench
