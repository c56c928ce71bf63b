// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/surrogate_indicator_tuner.h"

#include <cmath>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "evaluators/tuners/surrogate_indicator.h"

namespace attribench {
namespace {

// The mean indicator over the dampings at which it has a value.
struct Curve {
  std::vector<Damping> dampings, left_out;
  std::vector<double> means;
  absl::Status failure;  // the first, if a damping failed

  void Add(const std::vector<Damping>& of, const SpectralMoments& moments) {
    const at::Tensor mean = SurrogateIndicator(moments).mean(1);
    for (size_t i = 0; i < of.size(); ++i) {
      const double value = mean[static_cast<int64_t>(i)].item<double>();
      if (!std::isfinite(value)) {
        LeaveOut(of[i], absl::DataLossError(absl::StrCat("the indicator at damping ",
                                                         ToString(of[i]), " is ", value)));
        continue;
      }
      dampings.push_back(of[i]);
      means.push_back(value);
    }
  }

  void LeaveOut(const Damping& damping, const absl::Status& status) {
    if (failure.ok()) failure = status;
    left_out.push_back(damping);
  }
};

// Asks for the moments of each damping alone only if those of all together fail: together they
// usually cost less.
absl::StatusOr<Curve> CurveOver(const std::vector<Damping>& grid, TuningProblem& problem) {
  Curve curve;
  std::vector<Damping> positive;
  for (const Damping& damping : grid) {
    if (damping.value > 0) {
      positive.push_back(damping);
    } else {
      curve.LeaveOut(damping, absl::InvalidArgumentError(
                                  absl::StrCat("damping is ", damping.value, ", must be above 0")));
    }
  }
  const absl::StatusOr<SpectralMoments> together = problem.Moments(positive);
  if (together.ok()) {
    curve.Add(positive, *together);
  } else if (absl::IsUnimplemented(together.status())) {
    return together.status();
  } else {
    for (const Damping& damping : positive) {
      const absl::StatusOr<SpectralMoments> alone = problem.Moments({damping});
      if (alone.ok()) {
        curve.Add({damping}, *alone);
      } else {
        curve.LeaveOut(damping, alone.status());
      }
    }
  }
  if (curve.dampings.empty()) return curve.failure;
  return curve;
}

}  // namespace

absl::StatusOr<TunedPoint> SurrogateIndicatorTuner::Tune(TuningProblem& problem) const {
  const std::vector<Damping> grid = problem.hyperparameters().DampingGrid();
  if (grid.empty()) {
    return absl::InvalidArgumentError("the damping has no grid to look at the indicator on");
  }
  const absl::StatusOr<Curve> curve = CurveOver(grid, problem);
  if (!curve.ok()) return curve.status();
  const absl::StatusOr<Crossing> crossing = FindCrossing(curve->dampings, curve->means, level_);
  if (!crossing.ok()) return crossing.status();
  TunedPoint point{crossing->damping, crossing->message, {}};
  for (size_t i = 0; i < curve->dampings.size(); ++i) {
    point.criterion.push_back({curve->dampings[i], curve->means[i]});
  }
  const auto add = [&](const std::string& part) {
    absl::StrAppend(&point.message, point.message.empty() || part.empty() ? "" : "; ", part);
  };
  if (const std::string of = problem.MomentsOf(); !of.empty()) {
    add(absl::StrCat("moments of ", of));
  }
  add(LeftOut(curve->left_out, "indicator"));
  return point;
}

}  // namespace attribench
