// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_
#define ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"

namespace attribench {

// The spectrum of the exact empirical Fisher F = G'G / n, G [n, p] the training gradients, without
// F or G:
//   G (G'G/n + lambda I)^-1 q = (K + lambda I)^-1 G q,   K = G G' / n = U diag(mu) U'  [n, n],
// so with B = U' G q, scores = U (B / (mu + lambda)) and mu_j (u_j . q)^2 = B_j^2 / n. K and G q
// come from layer factors; one n x n eigendecomposition serves every damping and every test
// example. Errors as ComputeGradientFactors and KernelSpectrum.
absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_
