// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "evaluators/statistics/rank_correlation.h"

namespace attribench {

// For each test example, the correlation over subsets of two kinds of outputs. x, y [m,
// t]; result [t]. InvalidArgument when the shapes differ or are not of two dimensions. DataLoss
// names the first test example without a correlation: a column that is constant or not finite.
absl::StatusOr<std::vector<ResampledCorrelation>> CorrelateColumns(
    const at::Tensor& x, const at::Tensor& y, CorrelationKind kind = CorrelationKind::kSpearman);

// DataLoss if a column of `values` [subsets, tests] is the same in all rows, so that it correlates
// with nothing: "test example 41: its summed scores are the same for all 25 subsets". `what` names
// the values, and `tests` has the number of each column's test example in the whole test set.
//
// Values that differ by at most kRounding times the largest of them are the same: scores are
// float32 numbers, and their own rounding makes such differences.
inline constexpr double kRounding = 1e-6;
absl::Status CheckColumnsVary(const at::Tensor& values, const std::string& what,
                              const std::vector<int64_t>& tests);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_
