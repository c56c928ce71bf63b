// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_DISPLAY_NAMES_H_
#define ATTRIBENCH_LEADERBOARD_DISPLAY_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// How names from results files are written in outputs.

// "ok", "nan", "singular", "out_of_memory", "timeout", "refused", "error"; "error" for a number
// that is not in the enum.
std::string StatusName(EntryStatus status);

// "fixed_value", "search", "selector"; "unspecified" otherwise.
std::string TunerKindName(TunerKindRecord kind);

// "higher_is_better" or "lower_is_better".
std::string DirectionName(Direction direction);

// A metric's name as a table shows it: "lds" -> "LDS", "mislabel_auc" -> "mislabel AUC".
// Underscores become spaces. A word of at most three letters is taken for an abbreviation.
std::string MetricTitle(absl::string_view name);

// `text` with every control character replaced by a space.
std::string OneLine(absl::string_view text);

// `text` as a cell of a Markdown table, and as code in one. A bar would end the cell, in code too.
std::string TableCell(absl::string_view text);
std::string CodeCell(absl::string_view text);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_DISPLAY_NAMES_H_
