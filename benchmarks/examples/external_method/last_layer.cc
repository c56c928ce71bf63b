// SPDX-License-Identifier: Apache-2.0
//
// Influence through the last layer alone: g' (F + lambda I)^-1 q with F = mean of g g' over the
// training examples, g the loss gradients with respect to the last layer's weights and biases.
#include "ATen/ATen.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class LastLayer : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    std::vector<at::Tensor> gradients;  // [examples, parameters of the last layer]
    for (const Dataset* data : {&task.train, &task.test}) {
      auto factors =
          ComputeGradientFactors(*task.model, *parameters, *data, GradientTarget::kLoss, ledger);
      if (!factors.ok()) return factors.status();
      factors->layers.erase(factors->layers.begin(), factors->layers.end() - 1);
      gradients.push_back(ExplicitGradients(*factors));
    }
    auto spectrum = FeatureSpectrum(gradients[0], gradients[1], ledger);
    if (!spectrum.ok()) return spectrum.status();
    return MakeDampedAttribution({*std::move(spectrum)});
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(last_layer, LastLayer);

}  // namespace attribench
