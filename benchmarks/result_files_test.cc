// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_files.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

class ResultFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "deep" / "er");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  fs::path folder_;
};

std::string Text(const std::string& method) {
  return "setting { name: 's' } method: '" + method + "'";
}

TEST_F(ResultFilesTest, FoldersAreSearchedAndFilesAreReadOnce) {
  const std::string b = Write("b.textproto", Text("b"));
  Write("deep/er/a.textproto", Text("a"));
  Write("deep/notes.txt", "no result");
  const std::string other = Write("other.name", Text("o"));
  const auto results =
      ReadResultFiles({b, folder_.string(), (folder_ / "deep/../b.textproto").string(), other});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 3);
  EXPECT_EQ((*results)[0].result.method(), "b");
  EXPECT_EQ((*results)[1].result.method(), "a");
  EXPECT_EQ((*results)[2].result.method(), "o");
}

TEST_F(ResultFilesTest, MalformedTextNamesFileAndLine) {
  Write("bad.textproto", "method: 'a'\nsetting { name: 's' }\nmethods: 3\n");
  const auto results = ReadResultFiles({folder_.string()});
  ASSERT_EQ(results.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("bad.textproto: line 3: "));
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("methods"));
}

TEST_F(ResultFilesTest, EmptyFileIsNoResult) {
  const std::string path = Write("empty.textproto", "");
  const auto results = ReadResultFiles({path});
  ASSERT_EQ(results.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("empty.textproto: setting ''"));
}

TEST_F(ResultFilesTest, MissingPathAndEmptyFolder) {
  auto results = ReadResultFiles({(folder_ / "none").string()});
  ASSERT_EQ(results.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("/none"));
  results = ReadResultFiles({(folder_ / "deep").string()});
  ASSERT_EQ(results.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(results.status().message()), HasSubstr("/deep"));
  EXPECT_EQ(ReadResultFiles({}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ResultFilesTest, SensitivityFiles) {
  const std::string method = "setting { name: 's' } method: 'm' damped: true ";
  Write("a.textproto",
        method + "points { value: '' } points { hyperparameter: 'rank' value: '8' }");
  const auto studies = ReadSensitivityFiles({folder_.string()});
  ASSERT_TRUE(studies.ok()) << studies.status();
  ASSERT_EQ(studies->size(), 1);
  EXPECT_EQ((*studies)[0].points(1).value(), "8");
  Write("b.textproto", method + "points {}");
  EXPECT_THAT(std::string(ReadSensitivityFiles({folder_.string()}).status().message()),
              HasSubstr("b.textproto: a second study of m in s"));
  Write("b.textproto", "setting { name: 's' } method: 'n' points { hyperparameter: 'rank' }");
  EXPECT_THAT(std::string(ReadSensitivityFiles({folder_.string()}).status().message()),
              HasSubstr("b.textproto: its first point must have all hyperparameters"));
}

TEST_F(ResultFilesTest, RemovalFiles) {
  Write("a.textproto", "setting { name: 't' } method: 'm' points { tuners: 'default' }");
  Write("b.textproto", "setting { name: 's' } method: 'm'");
  const auto studies = ReadRemovalFiles({folder_.string()});
  ASSERT_TRUE(studies.ok()) << studies.status();
  ASSERT_EQ(studies->size(), 2);
  EXPECT_EQ((*studies)[0].setting().name(), "s");
  EXPECT_EQ((*studies)[1].points(0).tuners(0), "default");
  Write("c.textproto", "setting { name: 's' } method: 'm'");
  EXPECT_THAT(std::string(ReadRemovalFiles({folder_.string()}).status().message()),
              HasSubstr("c.textproto: a second study of m in s"));
}

}  // namespace
}  // namespace attribench
