// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_MARGIN_FISHER_H_
#define ATTRIBENCH_METHODS_CURVATURE_MARGIN_FISHER_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"

namespace attribench {

// TRAK without a projection (Park et al., TRAK, ICML 2023, section 3), at one model: with
// phi_i = grad f(z_i), f the margin z_y - logsumexp_{j != y} z_j, and F = (1/n) sum_i phi_i phi_i',
//   score_i = phi_i' (F + lambda I)^-1 phi x (1 - p_y(i)).
struct MarginFisher {
  DampedSpectrum spectrum;  // of F, by its kernel: see FisherSpectrum
  at::Tensor gap;           // 1 - p_y of the training examples, [n] float64
};

// Errors as FisherSpectrum.
absl::StatusOr<MarginFisher> ComputeMarginFisher(const AttributionTask& task,
                                                 const Parameters& parameters, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_MARGIN_FISHER_H_
