// SPDX-License-Identifier: Apache-2.0
#include "evaluators/damping_sweep.h"

namespace attribench {

absl::StatusOr<DampingSweep> DampingSweep::Make(FittedAttribution& fitted,
                                                const at::Tensor& subsets) {
  DampingSweep sweep;
  CostLedger own;
  {
    const CostLedger::Phase preparing(own, "preparation");
    if (const absl::Status status = fitted.PrepareSubsets(subsets, own); !status.ok())
      return status;
  }
  sweep.preparation_ = own.Total();
  sweep.fitted_ = &fitted;
  sweep.subsets_ = subsets;
  return sweep;
}

template <typename Compute>
absl::StatusOr<const DampingSweep::Point*> DampingSweep::Find(Points& points,
                                                              const Damping& damping,
                                                              CostLedger& ledger,
                                                              const Compute& compute) {
  const CostLedger::Phase uncharged(ledger, kUnchargedPhase);
  auto found = points.find(damping);
  if (found == points.end()) {
    CostLedger own;
    absl::StatusOr<Point> point = Point();
    {
      const CostLedger::Phase scoring(own, "scoring");
      absl::StatusOr<at::Tensor> predicted = compute(own);
      if (predicted.ok()) {
        point->subset_scores = *std::move(predicted);
      } else {
        point = predicted.status();
      }
    }
    if (point.ok()) point->cost = own.Total();
    found = points.emplace(damping, std::move(point)).first;
  }
  if (!found->second.ok()) return found->second.status();
  return &*found->second;
}

absl::StatusOr<const DampingSweep::Point*> DampingSweep::Sums(const Damping& damping,
                                                              CostLedger& ledger) {
  return Find(sums_, damping, ledger,
              [&](CostLedger& own) { return fitted_->SubsetScores(damping, own); });
}

absl::StatusOr<const DampingSweep::Point*> DampingSweep::Scores(const Damping& damping,
                                                                CostLedger& ledger) {
  return Find(scores_, damping, ledger, [&](CostLedger& own) -> absl::StatusOr<at::Tensor> {
    const absl::StatusOr<at::Tensor> scores = fitted_->Scores(damping, own);
    if (!scores.ok()) return scores.status();
    return SumOverSubsets(subsets_, *scores);
  });
}

}  // namespace attribench
