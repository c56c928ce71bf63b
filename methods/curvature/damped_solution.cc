// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/damped_solution.h"

#include <exception>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"

namespace attribench {

absl::StatusOr<at::Tensor> DampedSolution(const at::Tensor& matrix, double lambda,
                                          const at::Tensor& right, CostLedger& ledger) {
  const auto n = static_cast<double>(matrix.size(0)), t = static_cast<double>(right.size(1));
  Cost cost;
  cost.flops = n * n * n / 3;
  try {
    at::Tensor damped = matrix.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    damped.diagonal().add_(lambda);
    const auto [factor, info] = at::linalg_cholesky_ex(damped);
    const bool positive = info.item<int>() == 0;
    if (positive) cost.flops += 2 * n * n * t;
    ledger.Charge(cost);
    if (positive) return at::cholesky_solve(right.to(at::kDouble), factor);
    return absl::FailedPreconditionError(absl::StrCat("the ", matrix.size(0), " x ", matrix.size(1),
                                                      " matrix with damping ", lambda,
                                                      " is not positive definite; raise it"));
  } catch (const std::exception& error) {
    return StatusOfException(error, absl::StrCat("Cholesky factor of a ", matrix.size(0), " x ",
                                                 matrix.size(1), " matrix"));
  }
}

}  // namespace attribench
