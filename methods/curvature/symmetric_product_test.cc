// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/symmetric_product.h"

#include <algorithm>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

// Small integers: sums are exact, so their order does not matter.
at::Tensor Rows(int64_t r, int64_t d) {
  return at::arange(r * d, at::kDouble).remainder(7).sub_(3).view({r, d});
}

TEST(SymmetricProductTest, EqualsTheProduct) {
  for (const int64_t d : {1, 3, 511, 512, 513, 1024, 1500}) {
    const at::Tensor rows = Rows(5, d);
    Cost cost;
    EXPECT_TRUE(at::equal(SymmetricProduct(rows, cost), at::matmul(rows.t(), rows))) << d;
    // The same matrix in another memory layout.
    EXPECT_TRUE(
        at::equal(SymmetricProduct(rows.t().contiguous().t(), cost), at::matmul(rows.t(), rows)))
        << d;
    EXPECT_EQ(SymmetricProduct(rows.to(at::kFloat), cost).scalar_type(), at::kFloat);
  }
}

TEST(SymmetricProductTest, CountsItsOperations) {
  Cost cost;
  SymmetricProduct(Rows(5, 1024), cost);
  EXPECT_EQ(cost.flops, 2 * 5 * (512 * 1024 + 512 * 512));
}

TEST(SymmetricProductTest, NoRows) {
  Cost cost;
  EXPECT_TRUE(at::equal(SymmetricProduct(Rows(0, 3), cost), at::zeros({3, 3}, at::kDouble)));
}

TEST(SymmetricSumTest, RowsArriveInBlocks) {
  const at::Tensor rows = Rows(23, 4).to(at::kFloat);
  for (const int64_t some : {1, 3, 4, 9, 23}) {  // fewer rows than the 4 columns, as many, and more
    SymmetricSum sum;
    Cost cost;
    for (int64_t begin = 0; begin < 23; begin += some) {
      const int64_t end = std::min<int64_t>(23, begin + some);
      sum.Add(rows.slice(0, begin, end), cost);
      const at::Tensor so_far = rows.slice(0, 0, end).to(at::kDouble);
      if (begin % 2 == 0 || end == 23) {
        EXPECT_TRUE(at::equal(sum.Total(cost), at::matmul(so_far.t(), so_far))) << some;
      }
    }
    EXPECT_EQ(cost.flops, 2 * 23 * 4 * 4);
  }
}

}  // namespace
}  // namespace attribench
