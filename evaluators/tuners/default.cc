// SPDX-License-Identifier: Apache-2.0
//
// What a method's file declares for those who choose nothing: the first of its default tuners that
// works for the method's checkpoints (for a half-data ensemble `out_of_bag`, else `held_out`), and
// where none does, its default value.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class Default : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kFixedValue; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const auto registered = RegisteredTuners();
    if (!registered.ok()) return registered.status();
    std::vector<std::string> failures;
    for (const std::string& name : problem.hyperparameters().DefaultTuners()) {
      for (const RegisteredTuner& tuner : *registered) {
        if (tuner.name != name) continue;
        absl::StatusOr<TunedPoint> point = tuner.tuner->Tune(problem);
        if (point.ok()) {
          point->chosen_by = {name, tuner.tuner->kind()};
          return point;
        }
        if (!absl::IsUnimplemented(point.status())) {
          failures.push_back(absl::StrCat(name, ": ", point.status().message()));
        }
      }
    }
    return TunedPoint{
        problem.hyperparameters().DefaultDamping(), absl::StrJoin(failures, "; "), {}};
  }
};

[[maybe_unused]] const bool registered = RegisterTuner("default", std::make_unique<Default>());

}  // namespace
}  // namespace attribench
