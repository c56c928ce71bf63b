// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_DAMPING_SWEEP_H_
#define ATTRIBENCH_EVALUATORS_DAMPING_SWEEP_H_

#include <map>

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

  // subsets [m, n] bool. Keeps a reference to `fitted`.
  static absl::StatusOr<DampingSweep> Make(FittedAttribution& fitted, const at::Tensor& subsets);

  // What getting ready for Sums cost: for whoever uses it.
  const Cost& preparation() const { return preparation_; }

  // By the sums alone, which is what tuning needs: FittedAttribution::SubsetScores.
  absl::StatusOr<const Point*> Sums(const Damping& damping, CostLedger& ledger);
  // By the whole score matrix, which is what an attribution is: FittedAttribution::Scores, summed.
  absl::StatusOr<const Point*> Scores(const Damping& damping, CostLedger& ledger);
  // Both tell `ledger` of no cost, and its clock stands still meanwhile: charge Point::cost where
  // it belongs.

  FittedAttribution& fitted() { return *fitted_; }

 private:
  using Points = std::map<Damping, absl::StatusOr<Point>>;
  template <typename Compute>
  static absl::StatusOr<const Point*> Find(Points& points, const Damping& damping,
                                           CostLedger& ledger, const Compute& compute);

  FittedAttribution* fitted_ = nullptr;
  at::Tensor subsets_;
  Cost preparation_;
  Points sums_, scores_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_DAMPING_SWEEP_H_
