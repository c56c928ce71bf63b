// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "evaluators/statistics/rank_correlation.h"

namespace attribench {

// For each test example, the Spearman correlation over subsets of two kinds of outputs. x, y [m,
// t]; result [t]. InvalidArgument when the shapes differ or are not of two dimensions. DataLoss
// names the first test example without a correlation: a column that is constant or not finite.
absl::StatusOr<std::vector<ResampledSpearman>> CorrelateColumns(const at::Tensor& x,
                                                                const at::Tensor& y);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_COLUMN_CORRELATIONS_H_
