// SPDX-License-Identifier: Apache-2.0
//
// The damping in the middle of the method's grid: a guess that uses no data.
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class MiddleOfGrid : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kFixedValue; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> grid = problem.hyperparameters().DampingGrid();
    return TunedPoint{grid[grid.size() / 2], "", {}};
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("middle_of_grid", std::make_unique<MiddleOfGrid>());

}  // namespace
}  // namespace attribench
