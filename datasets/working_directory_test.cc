// SPDX-License-Identifier: Apache-2.0
#include "datasets/working_directory.h"

#include <stdlib.h>

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(WorkingDirectoryTest, OutsideOfBazelRunPathsStayAsTheyAre) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(InWorkingDirectory("out/file"), "out/file");
  EXPECT_EQ(InWorkingDirectory("/tmp/file"), "/tmp/file");
}

TEST(WorkingDirectoryTest, UnderBazelRunRelativePathsAreThoseOfTheUser) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/user", /*overwrite=*/1);
  EXPECT_EQ(InWorkingDirectory("out/file"), "/home/user/out/file");
  EXPECT_EQ(InWorkingDirectory("/tmp/file"), "/tmp/file");
}

}  // namespace
}  // namespace attribench
