// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_BOARD_H_
#define ATTRIBENCH_LEADERBOARD_BOARD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// The places that a row may hold within its setting; 1 is the best, and low <= high.
//
// Row a is clearly better than row b if the 95% interval of the mean difference between a and b, in
// the setting's first metric, lies on the better side of zero. The interval comes from
// evaluators/statistics/paired_bootstrap.h, over the units of the metric (for LDS: the reporting
// test examples). For the rows with status OK,
//   low  = 1 + the number of rows that are clearly better,
//   high = the number of OK rows - the number of rows that are clearly worse.
//
// Rows with another status come last: low = high = the number of all rows.
struct Rank {
  int low = 0;
  int high = 0;
};

// What a row reached in one metric.
struct RowMetric {
  MetricFacts facts;  // the setting's: name, unit, direction, ceiling
  // Absent if the entry was not measured by this metric.
  std::optional<Interval> estimate;
  // The estimate divided by the ceiling. Absent without an estimate, without a positive ceiling,
  // and for metrics where lower is better.
  std::optional<double> ceiling_share;
  // The best value over the method's damping grid, chosen on the reporting block itself.
  std::optional<double> oracle;
};

// One entry: a (setting, method, tuner).
struct Row {
  std::string setting;
  std::string method;
  bool damped = false;
  Entry entry;                     // without metrics if the status is not OK
  std::vector<RowMetric> metrics;  // the setting's, in its order; the first one ranks
  Rank rank;
  Machine machine;
};

// One selector compared with the search on retrained models (grid search), for one damped method in
// one setting. The search is LargestSearch() of the method's rows. Values are in the setting's
// first metric. A share is absent if a number that it needs is missing or its denominator is not
// positive.
struct Headline {
  std::string setting;
  std::string method;
  std::string selector;  // its tuner
  std::string search;    // its tuner; empty if no search succeeded
  std::string metric;
  double selector_value = 0;
  std::optional<double> search_value;
  // The selector's value divided by the search's. If lower is better, the search's value divided by
  // the selector's. So more than 1 always means that the selector is better.
  std::optional<double> share;
  // 95% interval of the share, from the resamples that ranks use. Absent if the denominator is not
  // positive in every resample.
  std::optional<double> share_low, share_high;
  std::optional<double> cost_share;   // tuning CPU seconds, selector / search
  std::optional<double> flops_share;  // tuning floating-point operations, selector / search
  std::optional<double> selector_retrainings, search_retrainings;  // spent on tuning
  // The fewest retrainings of a search that is not clearly worse than the selector, by the
  // comparison that ranks use. Absent if there is no such search.
  std::optional<int64_t> retrainings_to_match;
};

// What every output shows, computed once.
struct Board {
  std::vector<SettingFacts> settings;  // by name
  // By setting. Within it, rows with status OK by rank.low, then by value (best first); then the
  // others. Rows that are still equal are ordered by method, then by tuner.
  std::vector<Row> rows;
  // By setting, then by the place of the method's first row, then by the selector's name.
  std::vector<Headline> headlines;
};

// Makes the same board from the same results in any order.
//
// InvalidArgument names the culprit if
// - (setting, method, tuner) comes twice,
// - two results state different facts of one setting; a result may lack metrics after the first,
// - a setting states no metric, or one metric twice,
// - an OK entry has a metric that its setting does not state, or one metric twice, or an estimate
//   that is not finite,
// - an OK entry lacks the setting's first metric, or the metric's per_unit list is empty or has a
//   value that is not finite,
// - OK entries of one setting have different numbers of units in the first metric.
absl::StatusOr<Board> MakeBoard(const std::vector<MethodResult>& results);

// The retrainings of a row of kind SEARCH with status OK; absent for other rows, and if the row
// does not state a positive number.
std::optional<double> SearchRetrainings(const Row& row);

// The row with the most SearchRetrainings; if there are several, the one with the first tuner by
// name. Null if no row has any.
const Row* LargestSearch(absl::Span<const Row* const> rows);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_BOARD_H_
