// SPDX-License-Identifier: Apache-2.0
//
// Per layer, phi_i = (P_o d_i) kron (P_i a_i): the gradient d_i a_i' projected from both sides,
// with F = mean of phi phi' over the training examples and a damping of the layer's own:
//   score_i = mean over checkpoints of sum over layers of phi_i' (F + lambda I)^-1 phi.
#include <cmath>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// Rows [n, d] times a Gaussian matrix [d, rank] that keeps inner products on average; as they are
// where they are no longer than that.
at::Tensor Project(const at::Tensor& rows, int64_t rank, RandomStream stream, CostLedger& ledger) {
  const int64_t d = rows.size(1);
  if (d <= rank) return rows;
  at::Tensor matrix = at::empty({d, rank}, at::kDouble);
  double* entries = matrix.data_ptr<double>();
  for (int64_t i = 0; i < d * rank; ++i) entries[i] = stream.Gaussian() / std::sqrt(rank);
  Cost cost;
  cost.flops = 2.0 * rows.numel() * rank;
  ledger.Charge(cost);
  return at::matmul(rows, matrix.to(rows.scalar_type()));
}

class Logra : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t rank = hyperparameters.Integer("rank");
    const uint64_t seed = hyperparameters.Integer("seed");
    const int64_t n = task.train.size();
    const size_t num_layers = task.model->layers().size();
    // One pass over training and test examples makes one pair of projections serve both.
    const Dataset all = {at::cat({task.train.inputs, task.test.inputs}),
                         at::cat({task.train.labels, task.test.labels})};
    std::vector<DampedSpectrum> spectra;
    for (int64_t c = 0; c < hyperparameters.Integer("checkpoints"); ++c) {
      const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
      if (!parameters.ok()) return parameters.status();
      const auto factors =
          ComputeGradientFactors(*task.model, *parameters, all, GradientTarget::kLoss, ledger);
      if (!factors.ok()) return factors.status();
      for (size_t l = 0; l < num_layers; ++l) {
        const auto stream = [&](const char* side) {
          return RandomStream(seed, side, {static_cast<uint64_t>(c), l});
        };
        const LayerFactors& layer = factors->layers[l];
        const at::Tensor inputs = Project(layer.inputs, rank, stream("logra inputs"), ledger);
        const at::Tensor deltas = Project(layer.deltas, rank, stream("logra outputs"), ledger);
        const at::Tensor phi = deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
        auto spectrum = FeatureSpectrum(phi.slice(0, 0, n), phi.slice(0, n), ledger);
        if (!spectrum.ok()) return spectrum.status();
        spectra.push_back(*std::move(spectrum));
      }
    }
    // A mean over all spectra, times the number of layers, is the sum over layers.
    return MakeDampedAttribution(std::move(spectra),
                                 at::full({n}, static_cast<double>(num_layers), at::kDouble));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(logra, Logra);

}  // namespace attribench
