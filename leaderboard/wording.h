// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_WORDING_H_
#define ATTRIBENCH_LEADERBOARD_WORDING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "benchmarks/result.pb.h"
#include "leaderboard/board.h"

namespace attribench {

// The words and numbers of a board as every page for people shows them. Text that comes from a
// results file has its control characters replaced by spaces.

struct Column {
  std::string title;
  std::string top, bottom;  // the title in two short lines
  bool left_aligned = false;
  std::string meaning;  // a sentence
};

// The columns of a setting's table.
const std::vector<Column>& Columns();

// A row's text under each of Columns(). "-" stands for what was not measured; the status of a row
// that is not OK stands in place of its LDS.
std::vector<std::string> Cells(const Row& row);

// "out_of_memory: needs 9 GiB"; empty where the status is OK.
std::string Failure(const Row& row);

// What a table stands on, as (label, text): dataset, model, sizes, noise ceiling, blocks, machines.
// The dataset's text has the word SYNTHETIC where it applies.
std::vector<std::pair<std::string, std::string>> Facts(const Board& board,
                                                       const SettingFacts& setting);

// "fisher: the selector reaches 97.2% [95.1, 99.0] of grid search's LDS (grid_search_50) at 1.3% of
// its tuning CPU time with 0 retrainings; grid search needs 20 retrainings to match it."
std::string Sentence(const Headline& headline);

// "Of 14 damped methods the selector reaches 99.1% of grid search's LDS in the median and 87.0%
// [85.2, 88.9] at worst (logra), at 0.3% and 5.0% (fisher_10) of its tuning CPU time."; empty where
// fewer than two methods of the setting can be compared.
std::string SelectorSummary(const Board& board, const std::string& setting);

// The status by its number, in the words of leaderboard.json: 0 "ok", 1 "nan", 2 "singular",
// 3 "out_of_memory", 4 "timeout", 5 "refused", 6 "error"; "error" for any other.
std::string StatusName(EntryStatus status);

// Control characters become spaces.
std::string OneLine(absl::string_view text);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_WORDING_H_
