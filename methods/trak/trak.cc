// SPDX-License-Identifier: Apache-2.0
//
// With phi_i = P' grad f(z_i), f the margin, P a random projection of each checkpoint's own, Phi [n, k]
// the training rows and F = Phi'Phi / n = V diag(mu) V':
//   score_i = mean_m [ phi_i' (F_m + lambda I)^-1 phi ] x mean_m (1 - p_y(i)),
// Q = diag(1 - p_y) once, unsquared. Kept as Phi V [n, k] and V' phi [k, test].
#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/attribution_method.h"
#include "methods/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Trak : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const auto kind = ParseProjectionKind(hyperparameters.Choice("projection"));
    if (!kind.ok()) return kind.status();
    const int64_t checkpoints = hyperparameters.Integer("checkpoints");
    const int64_t k = hyperparameters.Integer("projection_dim");
    const int64_t n = task.train.size();
    // One pass over training and test examples makes one projection matrix serve both.
    const Dataset all = {at::cat({task.train.inputs, task.test.inputs}),
                         at::cat({task.train.labels, task.test.labels})};
    std::vector<DampedSpectrum> spectra;
    at::Tensor gap = at::zeros({n}, at::kDouble);  // sum over checkpoints of 1 - p_y
    for (int64_t m = 0; m < checkpoints; ++m) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kHalfData, m, ledger);
      if (!parameters.ok()) return parameters.status();
      const auto factors = ComputeGradientFactors(*task.model, *parameters, all, GradientTarget::kMargin, ledger);
      if (!factors.ok()) return factors.status();
      gap.add_(factors->label_probability_gap.slice(0, 0, n));
      const uint64_t seed =
          RandomStream(hyperparameters.Integer("seed"), "trak", {static_cast<uint64_t>(m)}).Next64();
      const at::Tensor phi = ProjectGradients(*factors, *kind, k, seed, ledger);
      const at::Tensor train = phi.slice(0, 0, n), test = phi.slice(0, n);
      const at::Tensor fisher = at::matmul(train.t(), train).div_(n);
      auto eigen = DecomposeSymmetric(fisher, ledger);
      if (!eigen.ok()) return eigen.status();
      DampedSpectrum spectrum;
      spectrum.left = at::matmul(train, eigen->vectors);
      spectrum.right = at::matmul(eigen->vectors.t(), test.t());
      spectrum.trace = fisher.trace().item<double>();
      spectrum.dimension = static_cast<double>(k);
      spectrum.eigenvalues = eigen->values;
      spectrum.moment_weights = eigen->values;
      spectra.push_back(std::move(spectrum));
      Cost cost;
      cost.flops = 2.0 * k * k * (2.0 * n + task.test.size());
      ledger.Charge(cost);
    }
    return MakeDampedAttribution(std::move(spectra), gap.div_(checkpoints));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(trak, Trak);

}  // namespace attribench
