// SPDX-License-Identifier: Apache-2.0
#include "datasets/data_root.h"

#include <stdlib.h>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "gtest/gtest.h"

ABSL_DECLARE_FLAG(std::string, data_root);

namespace attribench {
namespace {

class DataRootTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("ATTRIBENCH_DATA_MIRROR");
    unsetenv("BUILD_WORKING_DIRECTORY");
    absl::SetFlag(&FLAGS_data_root, "");
  }
};

TEST_F(DataRootTest, WithoutFlagAndVariableItIsTheFolderOfBazel) {
  EXPECT_EQ(DataRoot(), "external");
  setenv("ATTRIBENCH_DATA_MIRROR", "", /*overwrite=*/1);
  EXPECT_EQ(DataRoot(), "external");
}

TEST_F(DataRootTest, TheVariableReplacesTheFolderOfBazel) {
  setenv("ATTRIBENCH_DATA_MIRROR", "/mirror", /*overwrite=*/1);
  EXPECT_EQ(DataRoot(), "/mirror");
  setenv("BUILD_WORKING_DIRECTORY", "/home/user", /*overwrite=*/1);
  EXPECT_EQ(DataRoot(), "/mirror");
  setenv("ATTRIBENCH_DATA_MIRROR", "../mirror", /*overwrite=*/1);
  EXPECT_EQ(DataRoot(), "/home/user/../mirror");
}

TEST_F(DataRootTest, TheFlagReplacesTheVariable) {
  setenv("ATTRIBENCH_DATA_MIRROR", "/mirror", /*overwrite=*/1);
  absl::SetFlag(&FLAGS_data_root, "data");
  EXPECT_EQ(DataRoot(), "data");
  setenv("BUILD_WORKING_DIRECTORY", "/home/user", /*overwrite=*/1);
  EXPECT_EQ(DataRoot(), "/home/user/data");
}

}  // namespace
}  // namespace attribench
