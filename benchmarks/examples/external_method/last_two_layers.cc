// SPDX-License-Identifier: Apache-2.0
//
// Influence through the last two layers: the sum over these layers l of g_l' (F_l + lambda_l I)^-1
// q_l with F_l the mean of g_l g_l' over the curvature examples, g_l the loss gradients with
// respect to the layer's weights and biases. A relative damping is relative to each layer's own
// mean eigenvalue.
#include <algorithm>
#include <utility>

#include "ATen/ATen.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/example_gradients.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class LastTwoLayers : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto gradients =
        ExampleGradients::Make(*task.model, *parameters, task.AllExamples(), GradientTarget::kLoss,
                               task.gradient_bytes(), ledger);
    if (!gradients.ok()) return gradients.status();
    GradientFactors factors;
    const absl::Status status = gradients->Slice(0, gradients->size(), ledger, factors);
    if (!status.ok()) return status;
    SpectralGroups layers;
    const size_t num_layers = factors.layers.size();
    for (size_t l = num_layers - std::min<size_t>(2, num_layers); l < num_layers; ++l) {
      GradientFactors layer;
      layer.layers = {factors.layers[l]};
      const at::Tensor all = ExplicitGradients(layer);  // [examples, parameters of the layer]
      auto spectrum = FeatureSpectrum(TaskFeatures::Make(task, all), ledger);
      if (!spectrum.ok()) return spectrum.status();
      layers.push_back(*std::move(spectrum));
    }
    return MakeDampedAttribution({std::move(layers)});
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(last_two_layers, LastTwoLayers);

}  // namespace attribench
