// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_TABLE_COLUMNS_H_
#define ATTRIBENCH_LEADERBOARD_TABLE_COLUMNS_H_

#include <string>
#include <vector>

#include "benchmarks/result.pb.h"
#include "leaderboard/board.h"
#include "leaderboard/method_blocks.h"

namespace attribench {

// The columns and cells of the tables that people read. Cells are text on one line. "-" stands for
// a number that is missing.

struct Column {
  std::string title;
  std::vector<std::string> header;  // the title in short lines, for narrow columns
  bool left_aligned = false;
  std::string meaning;  // sentences
  // 0: always shown. If a line has no room for all columns, the ones with the largest number are
  // left out first.
  int expendable = 0;
};

// The table of entries: one line per row of the board. The setting's first metric comes with its
// share of the ceiling and its oracle; every other metric has one column.
std::vector<Column> EntryColumns(const SettingFacts& setting);

// The text under each of EntryColumns(). If the row's status is not OK, it stands in place of the
// first metric.
std::vector<std::string> EntryCells(const Row& row);

// The table of methods: the values of the setting's first metric with each of `fixed_tuners`, with
// a selector and with the search on retrained models; then how the last two compare.
std::vector<Column> MethodColumns(const SettingFacts& setting,
                                  const std::vector<std::string>& fixed_tuners);

// The text under each of MethodColumns(). `headline` is one of the block's, or null if the block
// has none: then the cells of the comparison are "-".
std::vector<std::string> MethodCells(const MethodBlock& block, const Headline* headline,
                                     const std::vector<std::string>& fixed_tuners);

// MethodCells() of a block that has no headline, or of each of its headlines.
std::vector<std::vector<std::string>> MethodLines(const MethodBlock& block,
                                                  const std::vector<std::string>& fixed_tuners);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_TABLE_COLUMNS_H_
