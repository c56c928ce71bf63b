// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_BOARD_H_
#define ATTRIBENCH_LEADERBOARD_BOARD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/result_files.h"
#include "leaderboard/contest.h"

namespace attribench {

// A setting whose resolution floor is greater is shown, not ranked.
inline constexpr double kLargestResolutionFloor = .1;

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
  // The best value belongs to the least or the greatest damping of the grid.
  bool oracle_at_edge = false;
};

// One entry: a (setting, method, tuner). Tuners with a fixed value that choose the same damping
// make one row.
struct Row {
  std::string setting;
  std::string method;
  bool damped = false;
  Entry entry;  // of the first tuner by name; without metrics if the status is not OK
  std::vector<std::string> tuners;  // by name; at least one
  std::vector<RowMetric> metrics;   // the setting's, in its order; the first one ranks
  // The tuner searched the grid, and chose its least or greatest damping.
  bool damping_at_edge = false;
  // Entries with another status come last: low = high = the number of all rows.
  Rank rank;
  Machine machine;
};

// What the data of a setting can settle.
struct Resolution {
  std::optional<double> floor;  // Contest::ResolutionFloor
  int pairs = 0;                // of rows with status OK
  int pairs_told_apart = 0;
  std::string not_ranked;  // the reason; empty if the setting is ranked
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
  std::optional<double> selector_value;  // absent if the selector failed
  std::optional<double> search_value;
  // The selector's value divided by the search's. If lower is better, the search's value divided by
  // the selector's. So more than 1 always means that the selector is better.
  std::optional<double> share;
  // Why there is no share: "the selector failed". Empty if there is one.
  std::string no_share;
  // Contest::ShareInterval of the share.
  std::optional<double> share_low, share_high;
  std::optional<double> cost_share;   // tuning CPU seconds, selector / search
  std::optional<double> flops_share;  // tuning floating-point operations, selector / search
  std::optional<double> selector_retrainings, search_retrainings;  // spent on tuning
  // The fewest retrainings of a search that is not clearly worse than the selector, by
  // Contest::ClearlyBetter. Absent if there is no such search.
  std::optional<int64_t> retrainings_to_match;
};

// What every output shows, computed once.
struct Board {
  std::vector<SettingFacts> settings;             // by name
  std::map<std::string, Resolution> resolutions;  // by setting
  // By setting. Within it, rows with status OK by rank.low, then by value (best first); then the
  // others. Rows that are still equal are ordered by method, then by tuner.
  std::vector<Row> rows;
  // By setting, then by the place of the method's first row, then by the selector's name. One for
  // each damped method and selector of a ranked setting, failed ones included.
  std::vector<Headline> headlines;
};

// Makes the same board from the same results in any order.
//
// InvalidArgument names the file and the fault if
// - a result is not as CheckResult demands,
// - (setting, method, tuner) comes twice: both files are named,
// - two results state different facts of one setting; a result may lack metrics after the first,
// - two results of one setting were made from different files: another zoo, ground truth or data.
absl::StatusOr<Board> MakeBoard(const std::vector<ResultFile>& files);

// The same for results that are in no file.
absl::StatusOr<Board> MakeBoard(const std::vector<MethodResult>& results);

// What the data of this setting can settle; nothing if the board does not have it.
Resolution ResolutionOf(const Board& board, const std::string& setting);

// The retrainings of a row of kind SEARCH with status OK; absent for other rows, and if the row
// does not state a positive number.
std::optional<double> SearchRetrainings(const Row& row);

// The row with the most SearchRetrainings; if there are several, the one with the first tuner by
// name. Null if no row has any.
const Row* LargestSearch(absl::Span<const Row* const> rows);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_BOARD_H_
