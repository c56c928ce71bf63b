// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace attribench {

// Spearman's rank correlation of the same pairs under many resamplings: Pearson's correlation of
// the ranks, where ties share the mean of their ranks. Sorts once, so that each resampling takes
// linear time.
class ResampledSpearman {
 public:
  // InvalidArgument if the lengths differ. DataLoss if a value is not finite or one side is
  // constant: then no correlation exists.
  static absl::StatusOr<ResampledSpearman> Make(absl::Span<const double> x,
                                                absl::Span<const double> y);

  // The correlation of the multiset that holds pair i weights[i] times. `weights` are counts, one
  // per pair; weights of 1 give the correlation of the pairs themselves. 0 if the resample is
  // constant on one side.
  double Correlation(absl::Span<const double> weights) const;

 private:
  // Pairs in ascending order, in groups of equal values: group g is order[starts[g]] up to
  // order[starts[g + 1] - 1].
  struct Order {
    std::vector<int> order;
    std::vector<int> starts;
  };
  static Order Sorted(absl::Span<const double> values);
  static void WeightedRanks(const Order& order, absl::Span<const double> weights,
                            std::vector<double>& ranks);

  Order x_, y_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_
