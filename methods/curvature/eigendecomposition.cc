// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/eigendecomposition.h"

#include <exception>
#include <limits>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"

namespace attribench {

absl::StatusOr<Eigendecomposition> DecomposeIndefinite(const at::Tensor& matrix,
                                                       CostLedger& ledger) {
  const double n = static_cast<double>(matrix.size(0));
  Cost cost;
  cost.flops = 9 * n * n * n;
  ledger.Charge(cost);
  try {
    // LAPACK's float32 driver also fails for large matrices: from about 2,900 rows on it cannot
    // state how much workspace it needs.
    auto [values, vectors] = at::linalg_eigh(matrix.to(at::kDouble));
    return Eigendecomposition{values, vectors.to(matrix.scalar_type())};
  } catch (const std::exception& error) {
    return StatusOfException(error, absl::StrCat("eigendecomposition of a ", matrix.size(0), " x ",
                                                 matrix.size(1), " matrix"));
  }
}

absl::StatusOr<Eigendecomposition> DecomposeSymmetric(const at::Tensor& matrix,
                                                      CostLedger& ledger) {
  absl::StatusOr<Eigendecomposition> eigen = DecomposeIndefinite(matrix, ledger);
  if (!eigen.ok() || eigen->values.numel() == 0) return eigen;
  const at::Tensor& values = eigen->values;
  const double rounding = std::numeric_limits<double>::epsilon() *
                          static_cast<double>(values.numel()) * values.max().item<double>();
  // What is not a number stays so.
  eigen->values = at::where(values.le(rounding), at::zeros_like(values), values);
  return eigen;
}

}  // namespace attribench
