// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/column_correlations.h"

#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

at::Tensor Columns(const std::vector<std::vector<double>>& columns) {
  std::vector<at::Tensor> tensors;
  for (const std::vector<double>& column : columns)
    tensors.push_back(at::tensor(column, at::kDouble));
  return at::stack(tensors, 1);
}

// Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 (1 + 1 + 1 + 1) / (4 (16 - 1)) = .6. The other column is
// reversed.
TEST(CorrelateColumnsTest, OneCorrelationPerTestExample) {
  const auto correlations = CorrelateColumns(Columns({{1, 2, 3, 4}, {4, 3, 2, 1}}),
                                             Columns({{-4, -5, -1, -2}, {0, 1, 2, 3}}));
  ASSERT_TRUE(correlations.ok()) << correlations.status();
  ASSERT_EQ(correlations->size(), 2);
  EXPECT_NEAR((*correlations)[0].Correlation({1, 1, 1, 1}), .6, 1e-15);
  EXPECT_NEAR((*correlations)[1].Correlation({1, 1, 1, 1}), -1, 1e-15);
}

TEST(CorrelateColumnsTest, AColumnWithoutCorrelationIsNamed) {
  const at::Tensor good = Columns({{1, 2, 3}, {3, 1, 2}});
  for (const at::Tensor& bad :
       {Columns({{1, 2, 3}, {7, 7, 7}}), Columns({{1, 2, 3}, {7, std::nan(""), 8}})}) {
    for (const absl::Status& status :
         {CorrelateColumns(bad, good).status(), CorrelateColumns(good, bad).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      EXPECT_TRUE(absl::StrContains(std::string(status.message()), "test example 1")) << status;
    }
  }
}

TEST(CheckColumnsVaryTest, AConstantColumnIsNamedByItsNumberInTheWholeTestSet) {
  EXPECT_TRUE(CheckColumnsVary(Columns({{1, 2, 3}, {3, 1, 2}}), "summed scores", {3, 41}).ok());
  const absl::Status status =
      CheckColumnsVary(Columns({{1, 2, 3}, {7, 7, 7}}), "summed scores", {3, 41});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "test example 41: its summed scores are the same for all 3 subsets");
  EXPECT_FALSE(CheckColumnsVary(Columns({{0, 0, 0}}), "summed scores", {0}).ok());
}

// A float32 number is rounded by up to 6e-8 of itself. Scores that differ by that much alone are
// the same; differences of a thousandth of a percent are not.
TEST(CheckColumnsVaryTest, ConstantUpToRoundingIsConstant) {
  const double rounded = 1 + 6e-8;
  EXPECT_FALSE(CheckColumnsVary(Columns({{-5, -5 * rounded, -5}}), "sums", {0}).ok());
  EXPECT_FALSE(CheckColumnsVary(Columns({{1e-30, rounded * 1e-30, 1e-30}}), "sums", {0}).ok());
  EXPECT_TRUE(CheckColumnsVary(Columns({{5, 5.00005, 5}}), "sums", {0}).ok());
}

TEST(CheckColumnsVaryTest, EveryColumnHasANumber) {
  EXPECT_EQ(CheckColumnsVary(Columns({{1, 2, 3}}), "sums", {0, 1}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CorrelateColumnsTest, ShapesMustAgree) {
  const at::Tensor three = Columns({{1, 2, 3}, {3, 1, 2}}), two = three.slice(0, 1);
  const absl::Status status = CorrelateColumns(three, two).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "[3, 2] and [2, 2]")) << status;
  EXPECT_EQ(CorrelateColumns(three.select(1, 0), three.select(1, 0)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
