// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_BOARD_H_
#define ATTRIBENCH_LEADERBOARD_BOARD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// The tuners that the headline compares, as results name them: the selector that retrains nothing,
// and grid search on m retrained subsets (the prefix, then m in decimal digits).
inline constexpr char kSelectorTuner[] = "surrogate_indicator";
inline constexpr char kGridSearchPrefix[] = "grid_search_";

// The places that a row may hold within its setting, 1 the best; low <= high.
//
// Among the rows with status OK, low = 1 + the number of rows clearly better than it, and high =
// the number of OK rows - the number of rows clearly worse than it. Row a is clearly better than
// row b where the 95% interval of mean(lds_a - lds_b) lies above zero: ClearlyAbove of
// evaluators/paired_bootstrap.h over the reporting test examples.
//
// Rows with another status come after all of these: low = high = the number of all rows.
struct Rank {
  int low = 0;
  int high = 0;
};

// One entry: a (setting, method, tuner).
struct Row {
  std::string setting;
  std::string method;
  bool damped = false;
  Entry entry;  // without lds and lds_per_test where the status is not OK
  std::optional<double> oracle_lds;
  // LDS over the noise ceiling; absent where there is no LDS or no positive ceiling.
  std::optional<double> ceiling_share;
  Rank rank;
  Machine machine;
};

// The selector against grid search, for one damped method in one setting. The grid search is the OK
// entry with the largest m. A share is absent where its denominator is missing or not positive.
struct Headline {
  std::string setting;
  std::string method;
  std::string grid_search;  // tuner compared with; empty where none is OK
  std::optional<double> selector_lds_share;
  // 95% interval of the share, from the resamples that ranks use; absent where grid search's mean
  // is not positive in each of them.
  std::optional<double> selector_lds_share_low, selector_lds_share_high;
  std::optional<double> selector_cost_share;   // tuning CPU seconds
  std::optional<double> selector_flops_share;  // tuning floating-point operations
  std::optional<double> selector_retrainings;  // number spent on tuning
  // The fewest retrainings with which grid search is not clearly worse than the selector (as ranks
  // have it, by paired resamples); absent where it always is.
  std::optional<int64_t> grid_retrainings_to_match;
};

// What every output shows, computed once.
struct Board {
  std::vector<SettingFacts> settings;  // by name
  // By setting; then those with status OK by rank.low, then LDS (largest first); failures last.
  // What is still equal goes by method, then tuner.
  std::vector<Row> rows;
  std::vector<Headline> headlines;  // by setting, then method
};

// The same board for the same results in any order.
//
// InvalidArgument names the culprit where (setting, method, tuner) comes twice, two results state
// different facts of one setting, an OK entry has no finite LDS or no finite LDS of each test, or
// OK entries of one setting have different numbers of tests.
absl::StatusOr<Board> MakeBoard(std::vector<MethodResult> results);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_BOARD_H_
