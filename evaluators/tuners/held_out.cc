// SPDX-License-Identifier: Apache-2.0
//
// A selector that retrains nothing and reads no other checkpoint: the damping of the grid with the
// highest value of TuningProblem::HeldOut, the mean over the tuning tests. For a method with
// features of its own that is the held-out criterion; the damping is carried over as a multiple of
// the mean eigenvalue: that of the fitted part's curvature to that of the method's own. For other
// methods it is the agreement with a reference that has such features.
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class HeldOut : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSelector; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    std::vector<Damping> dampings;
    for (const Damping& damping : problem.hyperparameters().DampingGrid()) {
      if (damping.value > 0) dampings.push_back(damping);
    }
    const absl::StatusOr<at::Tensor> criterion = problem.HeldOut(dampings, /*fraction=*/0);
    if (!criterion.ok()) return criterion.status();
    const at::Tensor mean = criterion->mean(1).contiguous();
    const double* values = mean.data_ptr<double>();
    return HighestPoint(dampings, {values, values + mean.numel()});
  }
};

[[maybe_unused]] const bool registered = RegisterTuner("held_out", std::make_unique<HeldOut>());

}  // namespace
}  // namespace attribench
