// SPDX-License-Identifier: Apache-2.0
//
// The damping in the middle of the method's grid: a guess that looks at nothing.
#include "evaluators/tuner.h"

namespace attribench {
namespace {

class MiddleOfGrid : public Tuner {
 public:
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> grid = problem.hyperparameters().DampingGrid();
    return TunedPoint{grid[grid.size() / 2], ""};
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("middle_of_grid", std::make_unique<MiddleOfGrid>());

}  // namespace
}  // namespace attribench
