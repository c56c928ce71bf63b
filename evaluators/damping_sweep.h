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

// Subset scores of one fitted attribution at every damping that anyone asked for, each computed once,
// with what computing it cost: several tuners share the work, and each is charged as if alone.
class DampingSweep {
 public:
  struct Point {
    at::Tensor subset_scores;  // [subsets, tests] float64
    Cost cost;                 // of scoring at this damping and of summing over the subsets
  };

  // subsets [m, n] bool. Keeps references to its arguments.
  DampingSweep(FittedAttribution& fitted, const at::Tensor& subsets) : fitted_(fitted), subsets_(subsets) {}

  // Errors as FittedAttribution::Scores and SubsetScores. `ledger` is told of no cost, and its clock
  // stands still: charge Point::cost where it belongs.
  absl::StatusOr<const Point*> At(const Damping& damping, CostLedger& ledger);

  FittedAttribution& fitted() { return fitted_; }

 private:
  FittedAttribution& fitted_;
  const at::Tensor& subsets_;
  std::map<Damping, absl::StatusOr<Point>> points_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_DAMPING_SWEEP_H_
