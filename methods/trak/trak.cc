// SPDX-License-Identifier: Apache-2.0
//
//   score_i = mean_m [phi_i' (F_m + lambda I)^-1 phi] x mean_m (1 - p_y(i)),
// with mean_m the mean over checkpoints m and phi_i = P_m' grad f(z_i) the projected gradient of
// the margin f. Phi_m [n, k] has the training examples' phi_i as rows, and F_m = Phi_m' Phi_m / n.
// Each checkpoint has a random projection P_m of its own. Q = diag(1 - p_y) appears once, not
// squared.
#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Trak : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto kind = ParseProjectionKind(hyperparameters.Choice("projection"));
    if (!kind.ok()) return kind.status();
    const int64_t count = hyperparameters.Integer("checkpoints");
    const auto checkpoints = ReadCheckpoints(task, CheckpointKind::kHalfData, count, ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    const int64_t k = hyperparameters.Integer("projection_dim");
    // One pass over all examples, so that one projection matrix serves them all.
    const Dataset all = task.AllExamples();
    std::vector<SpectralGroups> spectra;
    at::Tensor gap =
        at::zeros({task.train.size()}, at::kDouble);  // sum over checkpoints of 1 - p_y
    for (int64_t m = 0; m < count; ++m) {
      const auto gradients =
          ExampleGradients::Make(*task.model, (*checkpoints)[m], all, GradientTarget::kMargin,
                                 task.gradient_bytes(), ledger);
      if (!gradients.ok()) return gradients.status();
      const uint64_t seed =
          RandomStream(hyperparameters.Integer("seed"), "trak", {static_cast<uint64_t>(m)})
              .Next64();
      const auto projected = ProjectGradients(*gradients, *kind, k, seed, ledger);
      if (!projected.ok()) return projected.status();
      gap.add_(task.train_rows().Of(projected->label_probability_gap));
      absl::StatusOr<DampedSpectrum> spectrum =
          FeatureSpectrum(TaskFeatures::Make(task, projected->features), ledger);
      if (!spectrum.ok()) return spectrum.status();
      spectra.push_back({*std::move(spectrum)});
    }
    DampedAttributionOptions options;
    options.train_weights = gap.div_(count);
    return MakeDampedAttribution(std::move(spectra), std::move(options));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(trak, Trak);

}  // namespace attribench
