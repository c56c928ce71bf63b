// SPDX-License-Identifier: Apache-2.0
#include "datasets/whole_file.h"

#include <sys/resource.h>

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
