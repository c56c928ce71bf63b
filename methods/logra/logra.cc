// SPDX-License-Identifier: Apache-2.0
//
//   score_i = mean over checkpoints of sum over layers of phi_i' (F + lambda I)^-1 phi,
// with phi_i = (P_o d_i) kron (P_i a_i) the gradient d_i a_i' of a layer, projected from both sides
// and summed over positions. F is the mean of phi_i phi_i' over the training examples. Each layer
// has an F and a lambda of its own.
#include <cmath>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// A Gaussian matrix [d, rank]: inner products of projected rows have the right expectation.
// Undefined if d is at most `rank`; such rows are not projected.
at::Tensor Projection(int64_t d, int64_t rank, const at::TensorOptions& options,
                      RandomStream stream) {
  if (d <= rank) return {};
  at::Tensor matrix = at::empty({d, rank}, at::kDouble);
  double* entries = matrix.data_ptr<double>();
  for (int64_t i = 0; i < d * rank; ++i) entries[i] = stream.Gaussian() / std::sqrt(rank);
  return matrix.to(options);
}

at::Tensor Project(const at::Tensor& rows, const at::Tensor& matrix, Cost& cost) {
  if (!matrix.defined()) return rows;
  cost.flops += 2.0 * rows.numel() * matrix.size(1);
  return at::matmul(rows, matrix);
}

class Logra : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const int64_t rank = hyperparameters.Integer("rank");
    const uint64_t seed = hyperparameters.Integer("seed");
    const size_t num_layers = task.model->layers().size();
    // One pass over all examples, so that one pair of projections serves them all.
    const Dataset all = task.AllExamples();
    const auto checkpoints = ReadCheckpoints(task, ParseCheckpointKind(hyperparameters),
                                             hyperparameters.Integer("checkpoints"), ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    std::vector<SpectralGroups> spectra;  // a group is a layer
    for (size_t c = 0; c < checkpoints->size(); ++c) {
      const auto stream = [&](const char* side, size_t layer) {
        return RandomStream(seed, side, {static_cast<uint64_t>(c), layer});
      };
      std::vector<at::Tensor> of_inputs(num_layers), of_deltas(num_layers);
      std::vector<std::vector<at::Tensor>> phi(num_layers);
      Cost cost;
      const absl::Status status = VisitGradients(
          *task.model, (*checkpoints)[c], all, GradientTarget::kLoss, ledger,
          [&](const GradientBlock& block) {
            for (size_t l = 0; l < num_layers; ++l) {
              const at::Tensor &inputs = block.layers[l].inputs, &deltas = block.layers[l].deltas;
              if (block.begin == 0) {
                const at::TensorOptions options = inputs.options();
                of_inputs[l] = Projection(inputs.size(2), rank, options, stream("logra inputs", l));
                of_deltas[l] =
                    Projection(deltas.size(2), rank, options, stream("logra outputs", l));
              }
              const LayerFactors projected = SumOverPositions(
                  {Project(inputs, of_inputs[l], cost), Project(deltas, of_deltas[l], cost)});
              phi[l].push_back(
                  projected.deltas.unsqueeze(2).mul(projected.inputs.unsqueeze(1)).flatten(1));
              if (inputs.size(1) > 1) cost.flops += 2.0 * phi[l].back().numel() * inputs.size(1);
            }
          });
      if (!status.ok()) return status;
      ledger.Charge(cost);
      SpectralGroups& groups = spectra.emplace_back();
      for (std::vector<at::Tensor>& blocks : phi) {
        const at::Tensor features = at::cat(blocks);
        blocks.clear();
        auto spectrum = FeatureSpectrum(TaskFeatures::Make(task, features), ledger);
        if (!spectrum.ok()) return spectrum.status();
        groups.push_back(*std::move(spectrum));
      }
    }
    return MakeDampedAttribution(std::move(spectra));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(logra, Logra);

}  // namespace attribench
