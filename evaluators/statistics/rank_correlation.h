// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace attribench {

enum class CorrelationKind {
  kSpearman,  // Pearson's correlation of the ranks, where ties share the mean of their ranks
  kPearson,
};

// The correlation of the same pairs under many resamplings. Sorts once, so that each resampling
// takes linear time.
class ResampledCorrelation {
 public:
  // InvalidArgument if the lengths differ. DataLoss if a value is not finite or one side is
  // constant: then no correlation exists.
  static absl::StatusOr<ResampledCorrelation> Make(
      absl::Span<const double> x, absl::Span<const double> y,
      CorrelationKind kind = CorrelationKind::kSpearman);

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

  CorrelationKind kind_ = CorrelationKind::kSpearman;
  Order x_, y_;                                    // for ranks
  std::vector<double> values_of_x_, values_of_y_;  // for Pearson's correlation
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_RANK_CORRELATION_H_
