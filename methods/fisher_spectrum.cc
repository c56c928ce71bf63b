// SPDX-License-Identifier: Apache-2.0
#include "methods/fisher_spectrum.h"

#include "ATen/ATen.h"
#include "methods/task_gradients.h"

namespace attribench {

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger) {
  const auto gradients = TaskGradients::Make(task, parameters, GradientTarget::kLoss, ledger);
  if (!gradients.ok()) return gradients.status();
  const auto gram = GramMatrix(gradients->train, ledger);
  if (!gram.ok()) return gram.status();
  const auto cross = InnerProducts(gradients->train, gradients->test, ledger);
  if (!cross.ok()) return cross.status();
  return KernelSpectrum(gram->div_(static_cast<double>(task.train.size())), *cross,
                        static_cast<double>(gradients->train.num_parameters()), ledger);
}

}  // namespace attribench
