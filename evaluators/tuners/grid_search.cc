// SPDX-License-Identifier: Apache-2.0
//
// Takes the point of the method's grid with the best LDS on m retrained subsets of the tuning
// block, one seed each.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class GridSearch : public Tuner {
 public:
  explicit GridSearch(int64_t num_subsets) : num_subsets_(num_subsets) {}

  TunerKind kind() const override { return TunerKind::kSearch; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const int64_t m = std::min(num_subsets_, problem.num_subsets());
    TunedPoint best;
    double best_lds = -2;
    std::vector<Damping> left_out;
    absl::Status failure = absl::InvalidArgumentError("the damping has no grid to search");
    for (const Damping& damping : problem.hyperparameters().DampingGrid()) {
      const absl::StatusOr<double> lds = problem.Lds(damping, m);
      if (!lds.ok()) {
        failure = lds.status();
        left_out.push_back(damping);
      } else if (*lds > best_lds) {
        best_lds = *lds;
        best.damping = damping;
      }
    }
    if (best_lds == -2) return failure;
    if (m < num_subsets_) {
      best.message =
          absl::StrCat("used all ", m, " subsets of the tuning block (", num_subsets_, " asked)");
    }
    if (const std::string points = LeftOut(left_out, "LDS"); !points.empty()) {
      absl::StrAppend(&best.message, best.message.empty() ? "" : "; ", points);
    }
    return best;
  }

 private:
  int64_t num_subsets_;
};

bool RegisterAll() {
  for (const int64_t m : {2, 5, 10, 20, 50}) {
    RegisterTuner(absl::StrCat("grid_search_", m), std::make_unique<GridSearch>(m));
  }
  return true;
}

[[maybe_unused]] const bool registered = RegisterAll();

}  // namespace
}  // namespace attribench
