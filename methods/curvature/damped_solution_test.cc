// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/damped_solution.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// By hand: [[2, 1], [1, 2]] + 1 has the inverse [[3, -1], [-1, 3]] / 8.
TEST(DampedSolutionTest, SolvesBySmallNumbers) {
  CostLedger ledger;
  const at::Tensor matrix = at::tensor({2., 1., 1., 2.}, at::kDouble).view({2, 2});
  const auto solution =
      DampedSolution(matrix, 1, at::tensor({8., 0., 16.}, at::kDouble).repeat({2, 1}), ledger);
  ASSERT_TRUE(solution.ok()) << solution.status();
  const at::Tensor expected = at::tensor({2., 0., 4.}, at::kDouble).repeat({2, 1});
  EXPECT_LE(solution->sub(expected).abs().max().item<double>(), 1e-14);
  EXPECT_DOUBLE_EQ(ledger.Total().flops, 8. / 3 + 2 * 4 * 3);
  EXPECT_EQ(matrix[0][0].item<double>(), 2) << "the matrix stays as it is";
}

TEST(DampedSolutionTest, FloatsAreSolvedInDouble) {
  CostLedger ledger;
  const auto solution =
      DampedSolution(at::ones({2, 2}, at::kFloat), 1e-9, at::ones({2, 1}, at::kFloat), ledger);
  ASSERT_TRUE(solution.ok()) << solution.status();
  EXPECT_EQ(solution->scalar_type(), at::kDouble);
  // x = 1 / (2 + 1e-9) each; the condition number is 2e9.
  EXPECT_NEAR((*solution)[0].item<double>(), .5, 1e-6);
}

TEST(DampedSolutionTest, AMatrixThatIsNotPositiveDefiniteIsRefused) {
  CostLedger ledger;
  const at::Tensor indefinite = at::tensor({1., 2., 2., 1.}, at::kDouble).view({2, 2});
  const absl::Status status =
      DampedSolution(indefinite, .5, at::ones({2, 1}, at::kDouble), ledger).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(DampedSolution(indefinite, 1.5, at::ones({2, 1}, at::kDouble), ledger).ok());
}

}  // namespace
}  // namespace attribench
