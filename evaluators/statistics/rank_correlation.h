// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace attribench {

// Pearson's correlation. InvalidArgument where lengths differ; DataLoss where a value is not finite
// or one side is constant: no correlation exists.
absl::StatusOr<double> Pearson(absl::Span<const double> x, absl::Span<const double> y);

// Spearman's rank correlation: Pearson's of the ranks, ties sharing the mean of theirs. Errors as
// Pearson's.
absl::StatusOr<double> Spearman(absl::Span<const double> x, absl::Span<const double> y);

// Ranks from 1, ties sharing the mean of theirs.
std::vector<double> AverageRanks(absl::Span<const double> x);

// Spearman's correlation of the same pairs under many resamplings: the sorting is done once. A
// resampling that takes pair i weights[i] times gives the correlation of the multiset, in linear
// time.
class ResampledSpearman {
 public:
  // Errors as Pearson's.
  static absl::StatusOr<ResampledSpearman> Make(absl::Span<const double> x,
                                                absl::Span<const double> y);

  // `weights` are counts, one per pair. 0 where the resample is constant on one side.
  double Correlation(absl::Span<const double> weights) const;

 private:
  // Pairs in ascending order, in groups of equal values: group g is order[starts[g], starts[g +
  // 1]).
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
