// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_DAMPED_SOLUTION_H_
#define ATTRIBENCH_METHODS_CURVATURE_DAMPED_SOLUTION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/cost_ledger.h"

namespace attribench {

// X [n, t] float64 with (matrix + lambda I) X = right, for a symmetric matrix [n, n] and right
// [n, t], by a Cholesky factor in float64. This is the cheapest way to one damping: it charges
// n^3 / 3 + 2 n^2 t operations, and an eigendecomposition takes 9 n^3. FailedPrecondition if
// matrix + lambda I is not positive definite, ResourceExhausted if memory runs out.
absl::StatusOr<at::Tensor> DampedSolution(const at::Tensor& matrix, double lambda,
                                          const at::Tensor& right, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_DAMPED_SOLUTION_H_
