// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/eigendecomposition.h"

#include <limits>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// A backward stable method is off by a small multiple of n times the rounding unit, relative to the
// largest eigenvalue: 20 x 1e-16 here, with a factor of 50 to spare.
constexpr double kTolerance = 1e-13;

at::Tensor Symmetric(int64_t n) {
  at::Tensor matrix = at::empty({n, n}, at::kDouble);
  RandomStream stream(1, "matrix");
  for (int64_t i = 0; i < matrix.numel(); ++i) matrix.data_ptr<double>()[i] = stream.Gaussian();
  return matrix.add(matrix.t());
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return a.sub(b).abs().max().item<double>();
}

at::Tensor Product(const Eigendecomposition& eigen) {
  return at::matmul(eigen.vectors.mul(eigen.values), eigen.vectors.t());
}

TEST(EigendecompositionTest, GivesTheMatrixBack) {
  const at::Tensor matrix = Symmetric(20);
  CostLedger ledger;
  const auto eigen = DecomposeIndefinite(matrix, ledger);
  ASSERT_TRUE(eigen.ok()) << eigen.status();
  const double largest = eigen->values.abs().max().item<double>();
  EXPECT_LT(eigen->values[0].item<double>(), 0);
  EXPECT_TRUE(eigen->values.slice(0, 1).ge(eigen->values.slice(0, 0, 19)).all().item<bool>());
  EXPECT_LE(LargestDifference(Product(*eigen), matrix), kTolerance * largest);
  EXPECT_LE(
      LargestDifference(at::matmul(eigen->vectors.t(), eigen->vectors), at::eye(20, at::kDouble)),
      kTolerance);
  EXPECT_EQ(ledger.Total().flops, 9 * 20 * 20 * 20);
}

TEST(EigendecompositionTest, SemidefiniteHasNoNegativeEigenvalues) {
  const at::Tensor matrix = Symmetric(20);
  CostLedger ledger;
  const auto signs = DecomposeIndefinite(matrix, ledger);
  const auto eigen = DecomposeSymmetric(matrix, ledger);
  ASSERT_TRUE(signs.ok() && eigen.ok());
  EXPECT_TRUE(at::equal(eigen->values, signs->values.clamp_min(0)));
  EXPECT_TRUE(at::equal(eigen->vectors, signs->vectors));
  EXPECT_EQ(ledger.Total().flops, 2 * 9 * 20 * 20 * 20);
}

// A matrix of rank 3: LAPACK finds the other eigenvalues a little above or below 0.
TEST(EigendecompositionTest, EigenvaluesThatAreRoundingAre0) {
  const at::Tensor rows = Symmetric(20).slice(0, 0, 3);
  CostLedger ledger;
  const auto eigen = DecomposeSymmetric(at::matmul(rows.t(), rows), ledger);
  ASSERT_TRUE(eigen.ok()) << eigen.status();
  EXPECT_TRUE(eigen->values.slice(0, 0, 17).eq(0).all().item<bool>());
  EXPECT_GT(eigen->values[17].item<double>(), 1e-3);
}

TEST(EigendecompositionTest, Float32IsDecomposedInFloat64) {
  const at::Tensor matrix = Symmetric(20).to(at::kFloat);
  CostLedger ledger;
  const auto in_float = DecomposeSymmetric(matrix, ledger);
  const auto in_double = DecomposeSymmetric(matrix.to(at::kDouble), ledger);
  ASSERT_TRUE(in_float.ok() && in_double.ok());
  EXPECT_EQ(in_float->values.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(in_float->values, in_double->values));
  EXPECT_TRUE(at::equal(in_float->vectors, in_double->vectors.to(at::kFloat)));
}

TEST(EigendecompositionTest, FailureIsAStatusWithTheSize) {
  CostLedger ledger;
  const at::Tensor nan = at::full({3, 3}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  for (const at::Tensor& matrix : {nan, at::zeros({3, 2}, at::kDouble)}) {
    const absl::Status status = DecomposeSymmetric(matrix, ledger).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_EQ(status.message().find("eigendecomposition of a 3 x "), 0) << status;
  }
}

}  // namespace
}  // namespace attribench
