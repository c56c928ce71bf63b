// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/display_names.h"

#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace attribench {
namespace {

constexpr size_t kLongestAbbreviation = 3;

}  // namespace

std::string StatusName(EntryStatus status) {
  static constexpr absl::string_view kNames[] = {"ok",      "nan",     "singular", "out_of_memory",
                                                 "timeout", "refused", "error"};
  const bool known = status >= 0 && status < static_cast<int>(std::size(kNames));
  return std::string(known ? kNames[status] : "error");
}

std::string TunerKindName(TunerKindRecord kind) {
  switch (kind) {
    case FIXED_VALUE:
      return "fixed_value";
    case SEARCH:
      return "search";
    case SELECTOR:
      return "selector";
    default:
      return "unspecified";
  }
}

std::string DirectionName(Direction direction) {
  return direction == LOWER_IS_BETTER ? "lower_is_better" : "higher_is_better";
}

std::string MetricTitle(absl::string_view name) {
  const std::string line = OneLine(name);
  std::vector<std::string> words = absl::StrSplit(line, '_');
  for (std::string& word : words) {
    if (word.size() <= kLongestAbbreviation) absl::AsciiStrToUpper(&word);
  }
  return absl::StrJoin(words, " ");
}

std::string OneLine(absl::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return line;
}

std::string TableCell(absl::string_view text) {
  return absl::StrReplaceAll(OneLine(text), {{"|", "\\|"}});
}

std::string CodeCell(absl::string_view text) { return absl::StrCat("`", TableCell(text), "`"); }

}  // namespace attribench
