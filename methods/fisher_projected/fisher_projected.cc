// SPDX-License-Identifier: Apache-2.0
//
//   score_i = mean over checkpoints of phi_i' (F + lambda I)^-1 phi,
// with projected gradients phi_i = P' g_i and phi = P' q. F is the mean of phi_i phi_i' over the
// training examples. Each checkpoint has a random projection P of its own.
#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class FisherProjected : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto kind = ParseProjectionKind(hyperparameters.Choice("projection"));
    if (!kind.ok()) return kind.status();
    // One pass over all examples, so that one projection matrix serves them all.
    const Dataset all = task.AllExamples();
    const auto checkpoints = ReadCheckpoints(task, ParseCheckpointKind(hyperparameters),
                                             hyperparameters.Integer("checkpoints"), ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    std::vector<SpectralGroups> spectra;
    for (size_t c = 0; c < checkpoints->size(); ++c) {
      const auto gradients =
          ExampleGradients::Make(*task.model, (*checkpoints)[c], all, GradientTarget::kLoss,
                                 task.gradient_bytes(), ledger);
      if (!gradients.ok()) return gradients.status();
      const uint64_t seed = RandomStream(hyperparameters.Integer("seed"), "fisher_projected",
                                         {static_cast<uint64_t>(c)})
                                .Next64();
      const auto projected = ProjectGradients(
          *gradients, *kind, hyperparameters.Integer("projection_dim"), seed, ledger);
      if (!projected.ok()) return projected.status();
      auto spectrum = FeatureSpectrum(TaskFeatures::Make(task, projected->features), ledger);
      if (!spectrum.ok()) return spectrum.status();
      spectra.push_back({*std::move(spectrum)});
    }
    return MakeDampedAttribution(std::move(spectra));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(fisher_projected, FisherProjected);

}  // namespace attribench
