// SPDX-License-Identifier: Apache-2.0
#include "datasets/project_path.h"

#include <filesystem>

#include "gtest/gtest.h"

namespace attribench {
namespace {

class ProjectPathTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = testing::TempDir() + "/workspace";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::filesystem::current_path(folder);
  }
};

TEST_F(ProjectPathTest, InTheWorkspaceItself) {
  std::filesystem::create_directories("datasets/settings");
  EXPECT_EQ(ProjectPath("datasets/settings"), "datasets/settings");
}

TEST_F(ProjectPathTest, AsADependency) {
  std::filesystem::create_directories("external/attribench/datasets/settings");
  EXPECT_EQ(ProjectPath("datasets/settings"), "external/attribench/datasets/settings");
}

TEST_F(ProjectPathTest, TheWorkspaceComesFirst) {
  std::filesystem::create_directories("datasets/settings");
  std::filesystem::create_directories("external/attribench/datasets/settings");
  EXPECT_EQ(ProjectPath("datasets/settings"), "datasets/settings");
}

TEST_F(ProjectPathTest, AMissingFolderIsThatOfTheWorkspace) {
  EXPECT_EQ(ProjectPath("datasets/settings"), "datasets/settings");
}

}  // namespace
}  // namespace attribench
