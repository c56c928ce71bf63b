// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_
#define ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {

// The spectrum of the exact empirical Fisher F = (1/m) sum_j w_j g_j g_j' over the task's curvature
// examples, by its kernel: neither F [p, p] nor the gradients [n, p] are written out. If the
// curvature examples are the training examples, with G [n, p] their gradients,
//   G (G'G/n + lambda I)^-1 q = (K + lambda I)^-1 G q,   K = G G' / n = U diag(mu) U'  [n, n],
// so with B = U' G q, scores = U (B / (mu + lambda)) and mu_j (u_j . q)^2 = B_j^2 / n. K and G q
// come from layer factors; one eigendecomposition serves every damping and every test example.
// Errors as ComputeGradientFactors and KernelSpectrum. The gradients are those of the loss; with
// another target, F is the second moment of that target's gradients.
absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger,
                                              GradientTarget target = GradientTarget::kLoss);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_FISHER_SPECTRUM_H_
