// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/markdown.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "leaderboard/display_names.h"
#include "leaderboard/method_blocks.h"
#include "leaderboard/sentences.h"
#include "leaderboard/table_columns.h"

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

std::string Table(const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::string> titles, rules;
  for (const Column& column : columns) {
    titles.push_back(Escaped(column.title));
    rules.push_back(column.left_aligned ? ":--" : "--:");
  }
  std::string table = absl::StrCat(TableLine(titles), TableLine(rules));
  for (std::vector<std::string> cells : lines) {
    for (std::string& cell : cells) cell = Escaped(cell);
    absl::StrAppend(&table, TableLine(cells));
  }
  return table;
}

std::string Methods(const Board& board, const SettingFacts& setting,
                    const std::vector<MethodBlock>& blocks) {
  const std::vector<std::string> fixed_tuners = FixedTuners(board, setting.name());
  std::vector<std::vector<std::string>> lines;
  for (const MethodBlock& block : blocks) {
    if (block.all_failed) continue;
    for (auto& cells : MethodLines(block, fixed_tuners)) lines.push_back(std::move(cells));
  }
  if (lines.empty()) return "";
  std::string text =
      absl::StrCat("\nMethods, with selectors against grid search on retrained models",
                   setting.synthetic() ? ", SYNTHETIC data" : "", ":\n\n",
                   Table(MethodColumns(setting, fixed_tuners), lines));
  for (const std::string& summary : SelectorSentences(board, setting.name())) {
    absl::StrAppend(&text, "\n", Escaped(summary), "\n");
  }
  return text;
}

// One line for all methods that failed with the same tuners and the same text.
std::string FailureList(const std::vector<MethodBlock>& blocks) {
  std::vector<std::string> ends;
  std::map<std::string, std::vector<std::string>> methods;
  for (const MethodBlock& block : blocks) {
    for (const FailureGroup& failure : Failures(block)) {
      const std::string end = absl::StrCat(Escaped(failure.tuners), ": ", Escaped(failure.text));
      if (methods[end].empty()) ends.push_back(end);
      methods[end].push_back(Escaped(OneLine(block.method)));
    }
  }
  std::string list = ends.empty() ? "" : "\nEntries without a score:\n\n";
  for (const std::string& end : ends) {
    absl::StrAppend(&list, "- ", absl::StrJoin(methods[end], ", "), ", ", end, "\n");
  }
  return list;
}

std::string Entries(const Board& board, const SettingFacts& setting, bool fold) {
  std::vector<std::vector<std::string>> lines;
  for (const Row& row : board.rows) {
    if (row.setting == setting.name()) lines.push_back(EntryCells(row));
  }
  const std::string title = absl::StrCat("All ", lines.size(), " entries");
  const std::string table = Table(EntryColumns(setting), lines);
  return fold ? absl::StrCat("\n<details>\n<summary>", title, "</summary>\n\n", table,
                             "\n</details>\n")
              : absl::StrCat("\n", title, ":\n\n", table);
}

std::string Setting(const Board& board, const SettingFacts& setting,
                    const MarkdownOptions& options) {
  std::string text = absl::StrCat("\n## ", Escaped(OneLine(setting.name())),
                                  setting.synthetic() ? " (SYNTHETIC)" : "", "\n\n");
  for (const auto& [label, fact] : Facts(board, setting)) {
    absl::StrAppend(&text, "- ", label, ": ", Escaped(fact), "\n");
  }
  const auto note = options.notes.find(setting.name());
  if (note != options.notes.end()) absl::StrAppend(&text, "\n", note->second, "\n");
  const std::vector<MethodBlock> blocks = MethodBlocks(board, setting.name());
  absl::StrAppend(&text, Methods(board, setting, blocks), FailureList(blocks),
                  Entries(board, setting, options.fold_entries));
  return text;
}

// Each column of any setting once, in the order in which settings bring them.
std::string ColumnMeanings(const Board& board) {
  std::string text = "\n## What the columns mean\n\n";
  std::set<std::string> seen;
  for (const bool entries : {false, true}) {
    for (const SettingFacts& setting : board.settings) {
      for (const Column& column :
           entries ? EntryColumns(setting)
                   : MethodColumns(setting, FixedTuners(board, setting.name()))) {
        if (!seen.insert(column.title).second) continue;
        absl::StrAppend(&text, "- **", Escaped(column.title), "**: ", Escaped(column.meaning),
                        "\n");
      }
    }
  }
  return text;
}

std::string Measurements(const Board& board) {
  std::string text =
      "\n## What was measured when\n\n"
      "- In the run that gave these results: the CPU seconds and the peak memory of fitting, "
      "scoring and tuning.\n"
      "- When the zoo was made, and recorded with it: the CPU seconds of training and retraining. "
      "A tuner is charged the recorded cost of every retrained model that it looked at. The run "
      "did not train these models again.\n";
  if (std::any_of(board.settings.begin(), board.settings.end(),
                  [](const SettingFacts& setting) { return setting.synthetic(); })) {
    absl::StrAppend(&text,
                    "- SYNTHETIC settings are made by code, so that anyone can try the suite "
                    "without a download. They say nothing about real data.\n");
  }
  return text;
}

}  // namespace

std::string RenderMarkdown(const Board& board, const MarkdownOptions& options) {
  std::string page = absl::StrCat("# ", options.title, "\n\n", options.introduction, "\n");
  for (const SettingFacts& setting : board.settings) {
    absl::StrAppend(&page, Setting(board, setting, options));
  }
  return absl::StrCat(page, ColumnMeanings(board), Measurements(board));
}

}  // namespace attribench
