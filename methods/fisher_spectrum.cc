// SPDX-License-Identifier: Apache-2.0
#include "methods/fisher_spectrum.h"

#include "ATen/ATen.h"

namespace attribench {

absl::StatusOr<DampedSpectrum> FisherSpectrum(const GradientFactors& train,
                                              const GradientFactors& test, CostLedger& ledger) {
  const double n = static_cast<double>(train.num_examples());
  const at::Tensor kernel = InnerProducts(train, train, ledger).div_(n);
  return KernelSpectrum(kernel, InnerProducts(train, test, ledger),
                        static_cast<double>(train.num_parameters()), ledger);
}

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger) {
  const auto train =
      ComputeGradientFactors(*task.model, parameters, task.train, GradientTarget::kLoss, ledger);
  if (!train.ok()) return train.status();
  const auto test =
      ComputeGradientFactors(*task.model, parameters, task.test, GradientTarget::kLoss, ledger);
  if (!test.ok()) return test.status();
  return FisherSpectrum(*train, *test, ledger);
}

}  // namespace attribench
