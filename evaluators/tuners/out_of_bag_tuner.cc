// SPDX-License-Identifier: Apache-2.0
//
// A selector for ensembles of half-data models: the damping of the grid with the highest LDS of the
// ensemble's own models, each predicted by the others, with the training examples as targets (see
// out_of_bag.h). `out_of_bag` uses the models that the method reads, and trains none.
// `out_of_bag_m` trains m half-data models for the purpose, and pays for them as grid search does.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class OutOfBag : public Tuner {
 public:
  explicit OutOfBag(int64_t num_models) : num_models_(num_models) {}

  TunerKind kind() const override {
    return num_models_ == 0 ? TunerKind::kSelector : TunerKind::kSearch;
  }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const std::vector<Damping> dampings = problem.hyperparameters().DampingGrid();
    const absl::StatusOr<std::vector<double>> values = problem.OutOfBag(dampings, num_models_);
    if (!values.ok()) return values.status();
    return HighestPoint(dampings, *values);
  }

 private:
  int64_t num_models_;
};

bool RegisterAll() {
  RegisterTuner("out_of_bag", std::make_unique<OutOfBag>(0));
  for (const int64_t m : {2, 3, 5}) {
    RegisterTuner(absl::StrCat("out_of_bag_", m), std::make_unique<OutOfBag>(m));
  }
  return true;
}

[[maybe_unused]] const bool registered = RegisterAll();

}  // namespace
}  // namespace attribench
