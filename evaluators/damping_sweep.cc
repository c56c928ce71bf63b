// SPDX-License-Identifier: Apache-2.0
#include "evaluators/damping_sweep.h"

#include "evaluators/linear_datamodeling_score.h"

namespace attribench {

absl::StatusOr<const DampingSweep::Point*> DampingSweep::At(const Damping& damping, CostLedger& ledger) {
  const CostLedger::Phase uncharged(ledger, kUnchargedPhase);
  auto found = points_.find(damping);
  if (found == points_.end()) {
    CostLedger own;
    const auto compute = [&]() -> absl::StatusOr<Point> {
      Point point;
      {
        const CostLedger::Phase scoring(own, "scoring");
        const absl::StatusOr<at::Tensor> scores = fitted_.Scores(damping, own);
        if (!scores.ok()) return scores.status();
        absl::StatusOr<at::Tensor> sums = SubsetScores(subsets_, *scores);
        if (!sums.ok()) return sums.status();
        point.subset_scores = *std::move(sums);
      }
      point.cost = own.Total();
      return point;
    };
    found = points_.emplace(damping, compute()).first;
  }
  if (!found->second.ok()) return found->second.status();
  return &*found->second;
}

}  // namespace attribench
