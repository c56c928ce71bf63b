// SPDX-License-Identifier: Apache-2.0
//
// A selector that retrains nothing: the damping at which the mean surrogate indicator over the
// tuning tests is 0.5. It may lie between the grid's points.
#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class SurrogateIndicatorTuner : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSelector; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> grid = problem.hyperparameters().DampingGrid();
    const absl::StatusOr<SpectralMoments> moments = problem.Moments(grid);
    if (!moments.ok()) return moments.status();
    const at::Tensor means = SurrogateIndicator(*moments).mean(1).contiguous();
    const std::vector<double> curve(means.data_ptr<double>(),
                                    means.data_ptr<double>() + means.numel());
    absl::StatusOr<Crossing> crossing = FindCrossing(grid, curve, kSurrogateIndicatorLevel);
    if (!crossing.ok()) return crossing.status();
    TunedPoint point{crossing->damping, crossing->message, {}};
    for (size_t i = 0; i < grid.size(); ++i) point.criterion.push_back({grid[i], curve[i]});
    if (const std::string moments_of = problem.MomentsOf(); !moments_of.empty()) {
      absl::StrAppend(&point.message, point.message.empty() ? "" : "; ", "moments of ", moments_of);
    }
    return point;
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("surrogate_indicator", std::make_unique<SurrogateIndicatorTuner>());

}  // namespace
}  // namespace attribench
