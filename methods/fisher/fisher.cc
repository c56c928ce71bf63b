// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' (F + lambda I)^-1 q with F = G'G / n, G [n, p] the training gradients, without F
// or G:
//   G (G'G/n + lambda I)^-1 q = (K + lambda I)^-1 G q,   K = G G' / n = U diag(mu) U'  [n, n],
// so with B = U' G q, scores = U (B / (mu + lambda)) and mu_j (u_j . q)^2 = B_j^2 / n. K and G q
// come from layer factors; one n x n eigendecomposition serves every damping and every test
// example.
#include "ATen/ATen.h"
#include "methods/attribution_method.h"
#include "methods/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger) {
  const auto train =
      ComputeGradientFactors(*task.model, parameters, task.train, GradientTarget::kLoss, ledger);
  if (!train.ok()) return train.status();
  const auto test =
      ComputeGradientFactors(*task.model, parameters, task.test, GradientTarget::kLoss, ledger);
  if (!test.ok()) return test.status();
  const double n = static_cast<double>(task.train.size());
  const at::Tensor kernel = InnerProducts(*train, *train, ledger).div_(n);
  return KernelSpectrum(kernel, InnerProducts(*train, *test, ledger),
                        static_cast<double>(train->num_parameters()), ledger);
}

class Fisher : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    std::vector<DampedSpectrum> spectra;
    for (int64_t c = 0; c < hyperparameters.Integer("checkpoints"); ++c) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
      if (!parameters.ok()) return parameters.status();
      auto spectrum = FisherSpectrum(task, *parameters, ledger);
      if (!spectrum.ok()) return spectrum.status();
      spectra.push_back(*std::move(spectrum));
    }
    return MakeDampedAttribution(std::move(spectra));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(fisher, Fisher);

}  // namespace attribench
