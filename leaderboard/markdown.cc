// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/markdown.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "leaderboard/wording.h"

namespace attribench {
namespace {

// Text that stays text in a paragraph or a table cell.
std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                    {"|", "\\|"},
                                    {"<", "&lt;"},
                                    {"&", "&amp;"},
                                    {"*", "\\*"},
                                    {"_", "\\_"},
                                    {"`", "\\`"},
                                    {"[", "\\["}});
}

std::string TableLine(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string Table(const Board& board, const std::string& setting) {
  std::vector<std::string> titles, rules;
  for (const Column& column : Columns()) {
    titles.push_back(Escaped(column.title));
    rules.push_back(column.left_aligned ? ":--" : "--:");
  }
  std::string table = absl::StrCat(TableLine(titles), TableLine(rules));
  std::string failures;
  for (const Row& row : board.rows) {
    if (row.setting != setting) continue;
    std::vector<std::string> cells = Cells(row);
    for (std::string& cell : cells) cell = Escaped(cell);
    absl::StrAppend(&table, TableLine(cells));
    if (row.entry.status() != OK) {
      absl::StrAppend(&failures, "- ", Escaped(OneLine(row.method)), ", ",
                      Escaped(OneLine(row.entry.tuner())), ": ", Escaped(Failure(row)), "\n");
    }
  }
  if (!failures.empty()) absl::StrAppend(&table, "\nEntries without a score:\n\n", failures);
  return table;
}

}  // namespace

std::string RenderMarkdown(const Board& board) {
  std::string page =
      "# Leaderboard of training-data attribution\n\n"
      "How well each method's scores predict what retraining really does, and what it costs to "
      "choose its hyperparameters.\n";
  for (const SettingFacts& setting : board.settings) {
    absl::StrAppend(&page, "\n## ", Escaped(OneLine(setting.name())),
                    setting.synthetic() ? " (SYNTHETIC)" : "", "\n\n");
    for (const auto& [label, fact] : Facts(board, setting)) {
      absl::StrAppend(&page, "- ", label, ": ", Escaped(fact), "\n");
    }
    bool first = true;
    for (const Headline& headline : board.headlines) {
      if (headline.setting != setting.name()) continue;
      if (first) {
        absl::StrAppend(&page, "\nThe damping selector (", Escaped(kSelectorTuner),
                        ") against grid search on retrained models",
                        setting.synthetic() ? ", SYNTHETIC data" : "", ":\n\n");
        const std::string summary = SelectorSummary(board, setting.name());
        if (!summary.empty()) absl::StrAppend(&page, Escaped(summary), "\n\n");
      }
      first = false;
      absl::StrAppend(&page, "- ", Escaped(Sentence(headline)), "\n");
    }
    absl::StrAppend(&page, "\n", Table(board, setting.name()));
  }
  absl::StrAppend(&page, "\n## What the columns mean\n\n");
  for (const Column& column : Columns()) {
    absl::StrAppend(&page, "- **", Escaped(column.title), "**: ", column.meaning, "\n");
  }
  absl::StrAppend(
      &page,
      "\nThe interval after a selector's share comes from the same paired bootstrap as the ranks. "
      "The number of retrainings that grid search needs is the smallest number tried whose LDS is "
      "at least the selector's.\n"
      "\n## What was measured when\n\n"
      "- In the run that gave these results: fitting, scoring and tuning: their CPU seconds and "
      "peak memory.\n"
      "- When the zoo was made, and recorded with it: the CPU seconds of training and retraining. "
      "A tuner is charged the recorded cost of every retrained model that it looked at, although "
      "the run did not train it again.\n");
  if (std::any_of(board.settings.begin(), board.settings.end(),
                  [](const SettingFacts& setting) { return setting.synthetic(); })) {
    absl::StrAppend(&page,
                    "- SYNTHETIC settings are made by code, to try the suite without a download. "
                    "They say nothing of real data.\n");
  }
  return page;
}

}  // namespace attribench
