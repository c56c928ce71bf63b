// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_DAMPED_SPECTRUM_H_
#define ATTRIBENCH_METHODS_DAMPED_SPECTRUM_H_

#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"

namespace attribench {

// Scores of the form L diag(1 / (mu + lambda)) R, where mu are the eigenvalues of the matrix that is
// damped: one eigendecomposition serves every damping.
struct DampedSpectrum {
  at::Tensor eigenvalues;     // mu [r] float64, at least 0
  at::Tensor left;            // L [train, r]
  at::Tensor right;           // R [r, test]
  at::Tensor moment_weights;  // w [r] float64, with mu_j (u_j . q)^2 = w_j R_j^2
  double trace = 0;           // of the damped matrix
  double dimension = 0;       // likewise, with the zeros of its spectrum
};

// Eigenvalues [r] float64 (clamped to at least 0) and eigenvectors [n, r] of a symmetric matrix
// [n, n]. Internal where the factorisation fails.
struct Eigendecomposition {
  at::Tensor values;
  at::Tensor vectors;
};
absl::StatusOr<Eigendecomposition> DecomposeSymmetric(const at::Tensor& matrix, CostLedger& ledger);

// Scores are the mean over `spectra` (one per checkpoint), row i times train_weights[i] where that is
// defined. A relative damping is relative to each spectrum's own eigenvalues; moments are means over
// spectra too. FailedPrecondition where mu + lambda is 0 for some eigenvalue.
std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<DampedSpectrum> spectra,
                                                         at::Tensor train_weights = {});

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_DAMPED_SPECTRUM_H_
