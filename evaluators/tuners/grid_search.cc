// SPDX-License-Identifier: Apache-2.0
//
// Takes the point of the method's grid with the best LDS on m retrained subsets of the tuning
// block, one seed each. Says so if that is the first or the last point that could be scored: the
// best damping may then lie beyond it.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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
    std::optional<Damping> first, last;  // that could be scored
    std::vector<Damping> left_out;
    absl::Status failure = absl::InvalidArgumentError("the damping has no grid to search");
    for (const Damping& damping : problem.hyperparameters().DampingGrid()) {
      const absl::StatusOr<double> lds = problem.Lds(damping, m);
      if (!lds.ok()) {
        failure = lds.status();
        left_out.push_back(damping);
        continue;
      }
      if (!first.has_value()) first = damping;
      last = damping;
      best.criterion.push_back({damping, *lds});
      if (*lds > best_lds) {
        best_lds = *lds;
        best.damping = damping;
      }
    }
    if (best_lds == -2) return failure;
    std::vector<std::string> messages;
    if (!(*first == *last) && (best.damping == *first || best.damping == *last)) {
      messages.push_back("at the edge of its grid");
    }
    if (m < num_subsets_) {
      messages.push_back(
          absl::StrCat("used all ", m, " subsets of the tuning block (", num_subsets_, " asked)"));
    }
    if (std::string points = LeftOut(left_out, "LDS"); !points.empty()) {
      messages.push_back(std::move(points));
    }
    best.message = absl::StrJoin(messages, "; ");
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
