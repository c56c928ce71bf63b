// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/damping_sweep.h"

#include <exception>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"

namespace attribench {

absl::StatusOr<Cost> CostOfScores(FittedAttribution& fitted, const Damping& damping) {
  CostLedger own;
  absl::StatusOr<at::Tensor> scores = absl::UnknownError("");
  {
    const CostLedger::Phase scoring(own, "scoring");
    scores = fitted.Scores(damping, own);
  }
  if (!scores.ok()) return scores.status();
  if (const absl::Status status = CheckFinite(*scores, "scores"); !status.ok()) return status;
  return own.Total();
}

absl::StatusOr<DampingSweep> DampingSweep::Make(FittedAttribution& fitted,
                                                const at::Tensor& subsets) {
  DampingSweep sweep;
  CostLedger many_dampings, own;
  {
    const CostLedger::Phase preparing(many_dampings, "many dampings");
    const absl::Status status = fitted.PrepareManyDampings(many_dampings);
    if (!status.ok()) return status;
  }
  {
    const CostLedger::Phase preparing(own, "preparation");
    auto scorer = fitted.ScoreSubsets(subsets, own);
    if (!scorer.ok()) return scorer.status();
    sweep.scorer_ = *std::move(scorer);
  }
  sweep.many_dampings_ = many_dampings.Total();
  sweep.preparation_ = own.Total();
  sweep.fitted_ = &fitted;
  return sweep;
}

template <typename Key, typename Value, typename Compute>
absl::StatusOr<const Value*> DampingSweep::Find(std::map<Key, absl::StatusOr<Value>>& points,
                                                const Key& key, CostLedger& ledger,
                                                const Compute& compute) {
  const CostLedger::Pause pause(ledger);
  auto found = points.find(key);
  if (found == points.end()) {
    CostLedger own;
    absl::StatusOr<Value> value = Value();
    {
      const CostLedger::Phase scoring(own, "scoring");
      absl::Status status;
      try {
        status = compute(own, *value);
      } catch (const std::exception& error) {
        status = StatusOfException(error, "scoring");
      }
      if (!status.ok()) value = status;
    }
    if (value.ok()) value->cost = own.Total();
    found = points.emplace(key, std::move(value)).first;
  }
  if (!found->second.ok()) return found->second.status();
  return &*found->second;
}

namespace {

// Sums are computed in double, scores are delivered in float. Where a score leaves the range of
// float, so does a sum, unless others cancel it in every subset.
absl::Status CheckRange(const at::Tensor& sums, const Damping& damping) {
  if (sums.numel() == 0) return absl::OkStatus();
  const double largest = sums.abs().max().item<double>();
  if (largest <= std::numeric_limits<float>::max()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("a sum of scores at damping ", ToString(damping), " is ",
                                          largest, ", beyond the range of float32"));
}

}  // namespace

absl::StatusOr<const DampingSweep::Point*> DampingSweep::Sums(const Damping& damping,
                                                              CostLedger& ledger) {
  return Find(sums_, damping, ledger, [&](CostLedger& own, Point& point) {
    absl::StatusOr<at::Tensor> sums = scorer_->Sums(damping, own);
    if (!sums.ok()) return sums.status();
    point.subset_scores = *std::move(sums);
    return CheckRange(point.subset_scores, damping);
  });
}

absl::StatusOr<Cost> DampingSweep::ScoringCost(const Damping& damping, CostLedger& ledger) {
  const CostLedger::Pause pause(ledger);
  if (!scoring_cost_.has_value()) {
    const absl::StatusOr<Cost> cost = CostOfScores(*fitted_, damping);
    if (!cost.ok()) return cost.status();
    scoring_cost_ = *cost;
  }
  return *scoring_cost_;
}

absl::StatusOr<const DampingSweep::MomentsPoint*> DampingSweep::Moments(
    const std::vector<Damping>& dampings, CostLedger& ledger) {
  return Find(moments_, dampings, ledger, [&](CostLedger& own, MomentsPoint& point) {
    absl::StatusOr<SpectralMoments> moments = fitted_->Moments(dampings, own);
    if (moments.ok()) point.moments = *std::move(moments);
    return moments.status();
  });
}

}  // namespace attribench
