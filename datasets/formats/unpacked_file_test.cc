// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/unpacked_file.h"

#include <zlib.h>

#include <string>

#include "datasets/whole_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

std::string Gzipped(const std::string& bytes) {
  const std::string path = testing::TempDir() + "/gzipped";
  gzFile file = gzopen(path.c_str(), "wb");
  EXPECT_EQ(gzwrite(file, bytes.data(), bytes.size()), bytes.size());
  EXPECT_EQ(gzclose(file), Z_OK);
  return *ReadWholeFile(path);
}

// All bytes of a file with this content, read `step` bytes at a time.
absl::StatusOr<std::string> Unpack(const std::string& content, int64_t step) {
  const std::string path = testing::TempDir() + "/file";
  EXPECT_TRUE(WriteWholeFile(path, content).ok());
  absl::StatusOr<UnpackedFile> file = UnpackedFile::Open(path);
  if (!file.ok()) return file.status();
  std::string result;
  for (int64_t got = step; got == step;) {
    std::string bytes(step, '\0');
    const absl::StatusOr<int64_t> read = file->Read(reinterpret_cast<uint8_t*>(&bytes[0]), step);
    if (!read.ok()) return read.status();
    got = *read;
    result += bytes.substr(0, got);
  }
  return result;
}

TEST(UnpackedFileTest, PlainAndGzippedFilesGiveTheirContent) {
  std::string content;
  for (int i = 0; i < 100000; ++i) content += static_cast<char>(i * i >> 7);
  const std::string two_members =
      Gzipped(content.substr(0, 65537)) + Gzipped(content.substr(65537));
  for (const int64_t step : {1, 1000, 65536, 1000000}) {
    for (const std::string& file : {content, Gzipped(content), two_members}) {
      const absl::StatusOr<std::string> unpacked = Unpack(file, step);
      ASSERT_TRUE(unpacked.ok()) << unpacked.status();
      EXPECT_TRUE(*unpacked == content) << "step " << step;
    }
  }
  EXPECT_EQ(*Unpack("", 10), "");
  EXPECT_EQ(*Unpack("\x1f", 10), "\x1f");
  EXPECT_EQ(*Unpack(Gzipped(""), 10), "");
}

TEST(UnpackedFileTest, WhatIsWrongWithAGzippedFileIsSaid) {
  const std::string good = Gzipped("some text");
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  const std::pair<std::string, const char*> bad[] = {
      {good + "garbage", "goes on after the end of its gzip data"},
      {good + std::string(100, '\0'), "goes on after the end of its gzip data"},
      {good + "g", "goes on after the end of its gzip data"},
      {good.substr(0, good.size() - 1), "unexpected end of file"},
      {good.substr(0, 12), "unexpected end of file"},
      {damaged, "cannot be unpacked after byte 9: incorrect data check"},
  };
  for (const auto& [content, message] : bad) {
    for (const int64_t step : {1, 100}) {
      const absl::Status status = Unpack(content, step).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    }
  }
}

TEST(UnpackedFileTest, FilesThatCannotBeOpened) {
  EXPECT_EQ(UnpackedFile::Open(testing::TempDir() + "/nothing").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(UnpackedFile::Open(testing::TempDir()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
