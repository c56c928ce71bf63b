// SPDX-License-Identifier: Apache-2.0
//
// The retraining-free selector: the damping at which the mean surrogate indicator over the tuning
// tests is 0.5. Not bound to the grid's points.
#include "evaluators/surrogate_indicator.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/tuner.h"

namespace attribench {
namespace {

class SurrogateIndicatorTuner : public Tuner {
 public:
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> grid = problem.hyperparameters().DampingGrid();
    const absl::StatusOr<SpectralMoments> moments = problem.Moments(grid);
    if (!moments.ok()) return moments.status();
    const at::Tensor means = SurrogateIndicator(*moments).mean(1).contiguous();
    const std::vector<double> curve(means.data_ptr<double>(),
                                    means.data_ptr<double>() + means.numel());
    absl::StatusOr<Crossing> crossing = FindCrossing(grid, curve, kSurrogateIndicatorLevel);
    if (!crossing.ok()) return crossing.status();
    const std::string moments_of = problem.MomentsOf();
    if (moments_of.empty()) return TunedPoint{crossing->damping, crossing->message};
    return TunedPoint{crossing->damping,
                      absl::StrCat(crossing->message, crossing->message.empty() ? "" : "; ",
                                   "moments of ", moments_of)};
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("surrogate_indicator", std::make_unique<SurrogateIndicatorTuner>());

}  // namespace
}  // namespace attribench
