// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_METRICS_METRIC_H_
#define ATTRIBENCH_EVALUATORS_METRICS_METRIC_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/statistics/estimate.h"

namespace attribench {

// The attribution scores that a metric measures.
struct MeasuredScores {
  // For each subset of the ground truth, the sum of its training examples' scores: [subsets, tests]
  // float64.
  at::Tensor subset_scores;
  // Computes the whole score matrix [train, tests]. This can take long: call it only if needed.
  std::function<absl::StatusOr<at::Tensor>()> scores;
  // Computes the scores of some training examples for themselves: their self-influence. Takes their
  // numbers [m] int64 and gives [m] float64. As long as `scores`. May be null.
  std::function<absl::StatusOr<at::Tensor>(const at::Tensor& examples)> self_scores = nullptr;
};

struct Measurement {
  Estimate estimate;             // of the mean of per_unit
  std::vector<double> per_unit;  // one value per unit; the order is the same for all methods
  // The effect of each subset of the block on the estimate (TwoWayEffects::subsets), in the order
  // of the block. Empty if the metric does not depend on retrained subsets.
  std::vector<double> per_subset;
};

// A measure of how good attribution scores are, on one block of one setting's ground truth. A new
// metric is a subclass in a file of its own and a line in all_metrics.cc.
class Metric {
 public:
  enum class Direction { kHigherIsBetter, kLowerIsBetter };

  virtual ~Metric() = default;

  virtual std::string name() const = 0;  // "lds": lower-case letters, digits and _
  virtual std::string unit() const = 0;  // what one value of per_unit belongs to: "test example"
  virtual Direction direction() const = 0;

  // What a perfect predictor of the expected outputs would get. Absent if it cannot be estimated.
  virtual std::optional<Estimate> Ceiling() const = 0;

  // DataLoss if the scores have no number, for example because they are constant. Unimplemented if
  // the metric needs something that `scores` does not have: then they have no value of it.
  virtual absl::StatusOr<Measurement> Measure(const MeasuredScores& scores) const = 0;

  // True if `a` is a better value of this metric than `b`. False if they are equal.
  bool IsBetter(double a, double b) const {
    return direction() == Direction::kHigherIsBetter ? a > b : a < b;
  }
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_METRICS_METRIC_H_
