// SPDX-License-Identifier: Apache-2.0
#include "evaluators/features/feature_files.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/formats/safetensors.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

std::string Path(const std::string& name) { return testing::TempDir() + "/" + name; }

std::string Written(const std::string& name, const std::map<std::string, at::Tensor>& tensors) {
  EXPECT_TRUE(WriteSafetensors(Path(name), {tensors, {}}).ok());
  return Path(name);
}

TEST(FeatureFilesTest, ShardsAreOneMatrix) {
  const at::Tensor all = at::arange(70, at::kFloat).view({10, 7});
  const std::vector<std::string> paths = {Written("a", {{"x", all.slice(0, 0, 4)}}),
                                          Written("b", {{"x", all.slice(0, 4, 5)}}),
                                          Written("c", {{"x", all.slice(0, 5).to(at::kHalf)}})};
  const auto files = FeatureFiles::Open(paths);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->num_rows(), 10);
  EXPECT_EQ(files->num_columns(), 7);
  for (const std::vector<int64_t>& rows :
       std::vector<std::vector<int64_t>>{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 3, 4, 9}, {5}, {}}) {
    const auto read = files->Read(0, rows, 2, 6);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(*read, all.index_select(0, at::tensor(rows, at::kLong)).slice(1, 2, 6)));
  }
}

TEST(FeatureFilesTest, TensorsAreGroupsOfColumns) {
  const auto files = FeatureFiles::Open(
      {Written("g", {{"one", at::ones({5, 2, 3})}, {"two", at::full({5, 4}, 2, at::kDouble)}})});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->groups().size(), 2u);
  EXPECT_EQ(files->groups()[0].name, "one");
  EXPECT_EQ(files->groups()[0].columns, 6);
  EXPECT_EQ(files->num_columns(), 10);
  EXPECT_EQ(files->Read(1, {0, 4}, 0, 4)->scalar_type(), at::kDouble);
  EXPECT_EQ(files->Read(1, {0, 4}, 0, 4)->sum().item<double>(), 16);
}

TEST(FeatureFilesTest, SaysWhatIsWrong) {
  const auto message = [](const std::vector<std::string>& paths) {
    return std::string(FeatureFiles::Open(paths).status().message());
  };
  EXPECT_EQ(message({}), "no file of features is named");
  EXPECT_EQ(message({Written("e", {})}), Path("e") + ": has no tensor; it must have features");
  EXPECT_EQ(message({Written("i", {{"x", at::ones({3, 4}).to(at::kInt)}})}),
            Path("i") + ": tensor x has type I32, must be F16, BF16, F32 or F64");
  EXPECT_EQ(message({Written("v", {{"x", at::ones({3})}})}),
            Path("v") + ": tensor x is [3], must have a row of features for each example");
  EXPECT_EQ(message({Written("z", {{"x", at::ones({3, 0})}})}),
            Path("z") + ": tensor x is [3, 0], must have a row of features for each example");
  EXPECT_EQ(message({Written("d", {{"x", at::ones({3, 2})}, {"y", at::ones({4, 2})}})}),
            Path("d") + ": tensor y has 4 rows and x has 3; all must have a row for each example");
  EXPECT_EQ(
      message({Written("s", {{"x", at::ones({3, 2})}}), Written("t", {{"x", at::ones({3, 5})}})}),
      Path("t") + ": has x of 5 columns; the first shard has x of 2 columns");
  EXPECT_EQ(FeatureFiles::Open({Path("none")}).status().code(), absl::StatusCode::kNotFound);

  at::Tensor bad = at::ones({6, 3});
  bad[4][2] = std::nan("");
  const auto files = FeatureFiles::Open({Written("n", {{"x", bad}})});
  EXPECT_TRUE(files->Read(0, {0, 1, 2, 3, 5}, 0, 3).ok());
  EXPECT_EQ(files->Read(0, {1, 4}, 1, 3).status(),
            absl::DataLossError(Path("n") + ": tensor x is not finite at [4, 2]"));
  const auto one = FeatureFiles::Open({Path("s")}), two = FeatureFiles::Open({Path("t")});
  EXPECT_TRUE(one->CheckSameGroups(*one).ok());
  EXPECT_EQ(one->CheckSameGroups(*two).message(),
            Path("t") + " has x of 5 columns; " + Path("s") + " has x of 2 columns");
}

}  // namespace
}  // namespace attribench
