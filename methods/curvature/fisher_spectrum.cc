// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/fisher_spectrum.h"

#include "ATen/ATen.h"
#include "methods/gradients/example_gradients.h"

namespace attribench {

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger) {
  const int64_t n = task.train.size();
  const auto gradients =
      ExampleGradients::Make(*task.model, parameters, task.TrainAndTest(), GradientTarget::kLoss,
                             task.all_gradient_bytes(), ledger);
  if (!gradients.ok()) return gradients.status();
  const auto gram = GramMatrix(*gradients, n, ledger);
  if (!gram.ok()) return gram.status();
  return KernelSpectrum(gram->slice(1, 0, n).div(static_cast<double>(n)), gram->slice(1, n),
                        static_cast<double>(gradients->num_parameters()), ledger);
}

}  // namespace attribench
