// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_BOARD_H_
#define ATTRIBENCH_LEADERBOARD_BOARD_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/result_files.h"
#include "leaderboard/contest.h"
#include "leaderboard/headline.h"

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

// The CPU seconds of a cost. Nothing if the method ran on a GPU: its CPU seconds are those of a
// process that waits for the GPU, and say nothing beside those of trainings and of other methods.
std::optional<double> CpuSecondsOf(const Row& row, const CostRecord& cost);

// What the data of a setting can settle.
struct Resolution {
  std::optional<double> floor;  // Contest::ResolutionFloor
  int pairs = 0;                // of rows with status OK
  int pairs_told_apart = 0;
  std::string not_ranked;  // the reason; empty if the setting is ranked
};

// One method in one setting, apart from its entries.
struct MethodFacts {
  std::string setting;
  std::string method;
  std::vector<GridPoint> curve;  // on the reporting block; empty if it has no damping
  Provenance provenance;         // empty in results that have none
};

// What every output shows, computed once.
struct Board {
  std::vector<SettingFacts> settings;             // by name
  std::map<std::string, Resolution> resolutions;  // by setting
  // By setting. Within it, rows with status OK by rank.low, then by value (best first); then the
  // others. Rows that are still equal are ordered by method, then by the operations that tuning
  // took, then by tuner.
  std::vector<Row> rows;
  // By setting, then by the place of the method's first row, then by the selector's name. One for
  // each damped method and selector of a ranked setting, failed ones included.
  std::vector<Headline> headlines;
  std::vector<SelectorSummary> summaries;  // by setting, then by selector
  std::vector<MethodFacts> methods;        // by setting, then by method
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
