// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_

#include <map>
#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"

namespace attribench {

// What one fitted attribution predicts for subsets, at every damping that anyone asked for: each
// computed once, with what computing it cost. Several tuners share the work, and each is charged as
// if alone.
class DampingSweep {
 public:
  struct Point {
    at::Tensor subset_scores;  // [subsets, tests] float64
    Cost cost;
  };

  struct MomentsPoint {
    SpectralMoments moments;  // [dampings, tests]
    Cost cost;
  };

  // subsets [m, n] bool. Keeps a reference to `fitted`.
  static absl::StatusOr<DampingSweep> Make(FittedAttribution& fitted, const at::Tensor& subsets);

  // What getting ready for Sums cost: for whoever uses it.
  const Cost& preparation() const { return preparation_; }

  // By the sums alone: FittedAttribution::SubsetScores.
  absl::StatusOr<const Point*> Sums(const Damping& damping, CostLedger& ledger);
  // What the whole score matrix costs, which is what an attribution is: FittedAttribution::Scores,
  // summed. Where it costs the same at every damping it is computed at the first that is asked for.
  absl::StatusOr<Cost> ScoringCost(const Damping& damping, CostLedger& ledger);
  absl::StatusOr<const MomentsPoint*> Moments(const std::vector<Damping>& dampings,
                                              CostLedger& ledger);
  // All tell `ledger` of no cost, and its clock stands still meanwhile: charge the point's cost
  // where it belongs.

  FittedAttribution& fitted() { return *fitted_; }

 private:
  // `compute` fills in all of a point but its cost.
  template <typename Key, typename Value, typename Compute>
  static absl::StatusOr<const Value*> Find(std::map<Key, absl::StatusOr<Value>>& points,
                                           const Key& key, CostLedger& ledger,
                                           const Compute& compute);

  FittedAttribution* fitted_ = nullptr;
  at::Tensor subsets_;
  Cost preparation_;
  std::map<Damping, absl::StatusOr<Point>> sums_;
  std::optional<Cost> scoring_cost_;  // at any damping
  std::map<std::vector<Damping>, absl::StatusOr<MomentsPoint>> moments_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_
