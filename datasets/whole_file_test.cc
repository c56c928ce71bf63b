// SPDX-License-Identifier: Apache-2.0
#include "datasets/whole_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(WholeFileTest, WritesReadsAndReplaces) {
  const std::string path = testing::TempDir() + "/a/b/file";
  ASSERT_TRUE(WriteWholeFile(path, "first").ok());
  ASSERT_TRUE(WriteWholeFile(path, std::string("sec\0nd", 6)).ok());
  EXPECT_EQ(*ReadWholeFile(path), std::string("sec\0nd", 6));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir() + "/a/b")) {
    (void)entry;
    ++files;
  }
  EXPECT_EQ(files, 1) << "a temporary file is left";
}

TEST(WholeFileTest, MissingFileIsNotFound) {
  EXPECT_EQ(ReadWholeFile(testing::TempDir() + "/nothing").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(WholeFileTest, ReadsMoreThanOneChunk) {
  const std::string path = testing::TempDir() + "/large";
  std::string content;
  for (int i = 0; i < 3000000; ++i) content += static_cast<char>(i * i >> 9);
  ASSERT_TRUE(WriteWholeFile(path, content).ok());
  EXPECT_TRUE(*ReadWholeFile(path) == content);
}

TEST(WholeFileTest, AFolderIsNotAFile) {
  const absl::Status status = ReadWholeFile(testing::TempDir()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), testing::TempDir() + " is a folder, must be a file");
}

TEST(WholeFileTest, AForbiddenFileIsThereAndCannotBeRead) {
  const std::string path = testing::TempDir() + "/forbidden";
  ASSERT_TRUE(WriteWholeFile(path, "secret").ok());
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  if (geteuid() == 0 && seteuid(65534) != 0) GTEST_SKIP() << "root may read every file";
  const absl::Status status = ReadWholeFile(path).status();
  ASSERT_TRUE(getuid() != 0 || seteuid(0) == 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_EQ(status.message(), path + " cannot be read: Permission denied");
}

// A limit on file sizes acts like a full disk: the write fails in the middle.
TEST(WholeFileTest, BrokenWriteLeavesTheOldFile) {
  const std::string path = testing::TempDir() + "/kept";
  ASSERT_TRUE(WriteWholeFile(path, "good").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit;
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit small = {1000, old_limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const absl::Status status = WriteWholeFile(path, std::string(100000, 'x'));
  setrlimit(RLIMIT_FSIZE, &old_limit);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(*ReadWholeFile(path), "good");
}

// Example B.1 of FIPS 180-2.
TEST(Sha256Test, KnownAnswer) {
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace attribench
