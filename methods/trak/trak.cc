// SPDX-License-Identifier: Apache-2.0
//
//   score_i = mean_m [phi_i' (F_m + lambda I)^-1 phi] x mean_m (1 - p_y(i)),
// with mean_m the mean over checkpoints m and phi_i = P_m' grad f(z_i) the projected gradient of
// the margin f. Phi_m [n, k] has the training examples' phi_i as rows, and F_m = Phi_m' Phi_m / n.
// Each checkpoint has a random projection P_m of its own. Q = diag(1 - p_y) appears once, not
// squared.
//
// With projection "none", P_m is the identity. The kernel Phi_m Phi_m' [n, n] then comes from layer
// factors, and Phi_m is not written out: see FisherSpectrum.
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/dataset.h"
#include "datasets/random_stream.h"
#include "methods/attribution_method.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/margin_fisher.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/projection.h"
#include "methods/registry.h"

namespace attribench {
namespace {

absl::StatusOr<MarginFisher> WithProjection(const AttributionTask& task,
                                            const Parameters& parameters,
                                            const Hyperparameters& hyperparameters,
                                            uint64_t checkpoint, CostLedger& ledger) {
  const auto kind = ParseProjectionKind(hyperparameters.Choice("projection"));
  if (!kind.ok()) return kind.status();
  const uint64_t seed =
      RandomStream(hyperparameters.Integer("seed"), "trak", {checkpoint}).Next64();
  // One pass over all examples, so that one projection matrix serves them all.
  const Dataset all = task.AllExamples();
  const auto gradients = ExampleGradients::Make(
      *task.model, parameters, all, GradientTarget::kMargin, task.gradient_bytes(), ledger);
  if (!gradients.ok()) return gradients.status();
  const auto projected =
      ProjectGradients(*gradients, *kind, hyperparameters.Integer("projection_dim"), seed, ledger);
  if (!projected.ok()) return projected.status();
  auto spectrum = FeatureSpectrum(TaskFeatures::Make(task, projected->features), ledger);
  if (!spectrum.ok()) return spectrum.status();
  return MarginFisher{*std::move(spectrum), task.train_rows().Of(projected->label_probability_gap)};
}

class Trak : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const bool is_exact = hyperparameters.Choice("projection") == "none";
    const int64_t count = hyperparameters.Integer("checkpoints");
    const auto checkpoints = ReadCheckpoints(task, CheckpointKind::kHalfData, count, ledger);
    if (!checkpoints.ok()) return checkpoints.status();
    std::vector<SpectralGroups> spectra;
    at::Tensor gap = at::zeros({task.train.size()},  // summed over checkpoints
                               task.train.inputs.options().dtype(at::kDouble));
    for (int64_t m = 0; m < count; ++m) {
      const Parameters& parameters = (*checkpoints)[m];
      auto scores = is_exact ? ComputeMarginFisher(task, parameters, ledger)
                             : WithProjection(task, parameters, hyperparameters, m, ledger);
      if (!scores.ok()) return scores.status();
      gap.add_(scores->gap);
      spectra.push_back({std::move(scores->spectrum)});
    }
    DampedAttributionOptions options;
    options.train_weights = gap.div_(count);
    return MakeDampedAttribution(std::move(spectra), std::move(options));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(trak, Trak);

}  // namespace attribench
