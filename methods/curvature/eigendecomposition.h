// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_EIGENDECOMPOSITION_H_
#define ATTRIBENCH_METHODS_CURVATURE_EIGENDECOMPOSITION_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/cost_ledger.h"

namespace attribench {

// matrix = vectors diag(values) vectors', except for rounding.
struct Eigendecomposition {
  at::Tensor values;   // [n] float64, ascending
  at::Tensor vectors;  // [n, n], one eigenvector per column, in the matrix's type
};

// The eigendecomposition of a symmetric matrix [n, n], of which only the lower triangle is read.
// It is computed in float64 whatever the type of the matrix, because small eigenvalues decide the
// scores at small dampings. Charges 9 n^3 operations: 4/3 for the tridiagonal form, 8/3 + 4 for
// divide and conquer, 1 for the way back to the original basis. Internal if LAPACK fails,
// ResourceExhausted if memory runs out; the message gives the size of the matrix.
//
// DecomposeSymmetric is for positive semidefinite matrices (Gram matrices, covariances):
// eigenvalues that are at most n times the rounding of the largest one, the negative ones among
// them, are rounding and become 0. So a singular matrix is known as such, whatever LAPACK computes.
// DecomposeIndefinite keeps the eigenvalues as they are.
absl::StatusOr<Eigendecomposition> DecomposeSymmetric(const at::Tensor& matrix, CostLedger& ledger);
absl::StatusOr<Eigendecomposition> DecomposeIndefinite(const at::Tensor& matrix,
                                                       CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_EIGENDECOMPOSITION_H_
