// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"

namespace attribench {

// The cost of the score matrix at a damping. DataLoss if it is not finite.
absl::StatusOr<Cost> CostOfScores(FittedAttribution& fitted, const Damping& damping);

// What one fitted attribution predicts for subsets, at each damping that somebody asks for. Every
// damping is computed once and its cost is kept with it, so that several tuners share the work and
// each is charged as if it were alone. No call charges `ledger`, and its clock is stopped during
// each call. The caller charges the cost of a point to the right ledger and phase.
//
// A method that throws at one damping fails at that damping alone. DataLoss for sums beyond the
// range of float32: those scores cannot be delivered.
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

  // subsets [m, n] bool. Keeps a reference to `fitted`, and prepares it for many dampings.
  static absl::StatusOr<DampingSweep> Make(FittedAttribution& fitted, const at::Tensor& subsets);

  // The cost of FittedAttribution::PrepareManyDampings: for everyone who looks at this object.
  const Cost& many_dampings() const { return many_dampings_; }
  // The cost of preparing the subsets: for everyone who asks for sums.
  const Cost& preparation() const { return preparation_; }

  absl::StatusOr<const Point*> Sums(const Damping& damping, CostLedger& ledger);
  // The cost of the whole score matrix. It is the same at every damping, so it is measured at the
  // first one for which scores can be computed.
  absl::StatusOr<Cost> ScoringCost(const Damping& damping, CostLedger& ledger);
  absl::StatusOr<const MomentsPoint*> Moments(const std::vector<Damping>& dampings,
                                              CostLedger& ledger);

  FittedAttribution& fitted() { return *fitted_; }

 private:
  // `compute` fills in everything of a point except its cost.
  template <typename Key, typename Value, typename Compute>
  static absl::StatusOr<const Value*> Find(std::map<Key, absl::StatusOr<Value>>& points,
                                           const Key& key, CostLedger& ledger,
                                           const Compute& compute);

  FittedAttribution* fitted_ = nullptr;
  std::unique_ptr<SubsetScorer> scorer_;
  Cost many_dampings_, preparation_;
  std::map<Damping, absl::StatusOr<Point>> sums_;
  std::optional<Cost> scoring_cost_;
  std::map<std::vector<Damping>, absl::StatusOr<MomentsPoint>> moments_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_DAMPING_SWEEP_H_
