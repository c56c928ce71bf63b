// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_
#define ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_

#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"

namespace attribench {

// Scores of the form L diag(1 / (mu + lambda)) R, where mu are the eigenvalues of the matrix that
// is damped: one eigendecomposition serves every damping.
struct DampedSpectrum {
  at::Tensor eigenvalues;     // mu [r] float64, at least 0
  at::Tensor left;            // L [train, r]
  at::Tensor right;           // R [r, test]
  at::Tensor moment_weights;  // w [r] float64, with mu_j (u_j . q)^2 = w_j R_j^2
  double trace = 0;           // of the damped matrix
  double dimension = 0;       // likewise, with the zeros of its spectrum
};

// The spectra of the two forms in which (F + lambda I)^-1 with F = Phi'Phi / n comes, Phi [n, k]
// the training examples' features (gradients or projections of them), phi a test example's:
//   kernel form:   Phi (F + lambda I)^-1 phi = (K + lambda I)^-1 Phi phi,  K = Phi Phi' / n = U
//   diag(mu) U',
//                  L = U, R = U' Phi phi, w = 1/n;
//   feature form:  F = V diag(mu) V',  L = Phi V, R = V' phi, w = mu.
// KernelSpectrum takes K [n, n] and cross = Phi phi [n, test]; `dimension` is k.
absl::StatusOr<DampedSpectrum> KernelSpectrum(const at::Tensor& kernel, const at::Tensor& cross,
                                              double dimension, CostLedger& ledger);
// MatrixSpectrum takes any symmetric F [k, k] in feature form; eigenvalues below 0 count as 0.
absl::StatusOr<DampedSpectrum> MatrixSpectrum(const at::Tensor& matrix, const at::Tensor& train,
                                              const at::Tensor& test, CostLedger& ledger);
// FeatureSpectrum takes Phi [n, k] and the test examples' features [test, k], and chooses the form
// whose matrix is smaller.
absl::StatusOr<DampedSpectrum> FeatureSpectrum(const at::Tensor& train, const at::Tensor& test,
                                               CostLedger& ledger);

// Scores are the mean over `spectra` (one per checkpoint), row i times train_weights[i] where that
// is defined. A relative damping is relative to each spectrum's own eigenvalues; moments are means
// over spectra too. FailedPrecondition where mu + lambda is 0 for some eigenvalue.
std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<DampedSpectrum> spectra,
                                                         at::Tensor train_weights = {});

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_DAMPED_SPECTRUM_H_
