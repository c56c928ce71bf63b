// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_DAMPING_CHART_H_
#define ATTRIBENCH_LEADERBOARD_DAMPING_CHART_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// A result's first metric over its damping grid, as bars in a Markdown code block: at most
// `max_rows` grid points with equal steps between them. The bar of the grid's best value has 40
// characters. A point is marked with the tuners whose choice is nearest to it: the first fixed
// value, each selector, and the search with the most retrainings. InvalidArgument if there is no
// grid.
absl::StatusOr<std::string> RenderDampingChart(const MethodResult& result, int max_rows);

// `text` with the chart between two marker lines renewed. They are
//   <!-- chart: begin, SETTING METHOD -->
//   <!-- chart: end -->
// InvalidArgument if they are not there once each, in this order; NotFound if `results` hold no
// such method.
absl::StatusOr<std::string> ReplaceDampingChart(absl::string_view text,
                                                const std::vector<MethodResult>& results);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_DAMPING_CHART_H_
