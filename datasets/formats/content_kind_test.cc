// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/content_kind.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(ContentKindTest, SaysWhatAFileHolds) {
  const std::pair<std::string, std::string> kinds[] = {
      {"\n <!DOCTYPE html><html>", "a web page"},
      {"<html>", "a web page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n",
       "a Git LFS pointer (fetch the file itself: git lfs pull)"},
      {"\x1f\x8b\x08", "gzip-compressed"},
      {"PK\x03\x04", "a ZIP archive (as PyTorch's .pt files and NumPy's .npz files are)"},
      {std::string("\0\0\x08\x03", 4), "IDX of unsigned bytes with 3 dimensions"},
      {std::string("\0\0\x08\x01", 4), "IDX of unsigned bytes with 1 dimension"},
      {std::string("\0\0\x0B\x03", 4), "IDX of 16-bit integers with 3 dimensions"},
      {std::string("\0\0\x0E\x04", 4), "IDX of 64-bit floating-point numbers with 4 dimensions"},
  };
  for (const auto& [bytes, kind] : kinds) EXPECT_EQ(ContentKind(bytes), kind);
}

TEST(ContentKindTest, OtherBytesHaveNoKind) {
  for (const std::string& bytes : {std::string(), std::string("\0\0\x08", 3), std::string("<"),
                                   std::string("\0\0\x07\x03", 4), std::string("some text")}) {
    EXPECT_EQ(ContentKind(bytes), "") << bytes;
  }
}

}  // namespace
}  // namespace attribench
