// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/results_page.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/result_files.h"
#include "datasets/whole_file.h"
#include "leaderboard/damping_chart.h"
#include "leaderboard/display_names.h"
#include "leaderboard/markdown.h"
#include "leaderboard/method_blocks.h"
#include "leaderboard/number_text.h"
#include "leaderboard/removal_section.h"
#include "leaderboard/table_columns.h"

namespace attribench {
namespace {

constexpr char kNotes[] = "leaderboard/results_notes.md";
constexpr char kRecorded[] = "benchmarks/results";
constexpr char kBuiltIn[] = "benchmarks/baseline/results";

absl::Status InFile(absl::string_view file, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(file, ": ", status.message()));
}

absl::StatusOr<std::map<std::string, std::string>> ParseNotes(absl::string_view text) {
  std::map<std::string, std::string> notes;
  std::string* note = nullptr;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "## ")) {
      const std::string setting(absl::StripAsciiWhitespace(line));
      const auto [place, is_new] = notes.emplace(setting, "");
      if (!is_new) {
        return absl::InvalidArgumentError(absl::StrCat("two notes for setting '", setting, "'"));
      }
      note = &place->second;
    } else if (note != nullptr) {
      absl::StrAppend(note, line, "\n");
    }
  }
  for (auto& [setting, content] : notes) absl::StripAsciiWhitespace(&content);
  return notes;
}

std::string SettingCell(const SettingFacts& setting) {
  const MetricFacts& metric = setting.metrics(0);
  return absl::StrCat(CodeCell(setting.name()), setting.synthetic() ? " (SYNTHETIC)" : "",
                      ", ceiling ",
                      metric.has_ceiling() ? ScoreText(metric.ceiling().value()) : "not known");
}

std::string TableLine(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::vector<std::string> Chosen(const std::vector<std::string>& cells,
                                const std::vector<size_t>& columns) {
  std::vector<std::string> chosen;
  for (const size_t c : columns) chosen.push_back(cells[c]);
  return chosen;
}

// The setting, then MethodColumns().
constexpr size_t kFirstFixedTuner = 2;

std::vector<std::vector<std::string>> LinesOfBest(const Board& board,
                                                  const std::vector<std::string>& fixed_tuners) {
  std::vector<std::vector<std::string>> lines;
  for (const SettingFacts& setting : board.settings) {
    for (const MethodBlock& block : MethodBlocks(board, setting.name())) {
      if (block.all_failed) continue;
      std::vector<std::string> cells = MethodLines(block, fixed_tuners).front();
      cells[0] = CodeCell(cells[0]);
      cells.insert(cells.begin(), SettingCell(setting));
      lines.push_back(std::move(cells));
      break;
    }
  }
  return lines;
}

std::string TableOfBest(const Board& board) {
  std::set<std::string> fixed;
  for (const SettingFacts& setting : board.settings) {
    for (const std::string& tuner : FixedTuners(board, setting.name())) fixed.insert(tuner);
  }
  const std::vector<std::string> fixed_tuners(fixed.begin(), fixed.end());
  const std::vector<std::vector<std::string>> lines = LinesOfBest(board, fixed_tuners);
  if (lines.empty()) return "";
  std::vector<std::string> titles = {"setting"};
  for (const Column& column : MethodColumns(board.settings[0], fixed_tuners)) {
    titles.push_back(column.title);
  }
  std::vector<size_t> columns = {0, 1};
  const size_t selector = kFirstFixedTuner + fixed_tuners.size();
  for (size_t c = kFirstFixedTuner; c < selector; ++c) columns.push_back(c);
  // The selector and the search are named above the table.
  columns.insert(columns.end(),
                 {selector + 1, selector + 3, selector + 4, selector + 5, selector + 6});
  std::vector<std::string> rules(columns.size(), "--:");
  rules[0] = rules[1] = ":--";
  std::string table = absl::StrCat(TableLine(Chosen(titles, columns)), TableLine(rules));
  for (const auto& line : lines) absl::StrAppend(&table, TableLine(Chosen(line, columns)));
  return table;
}

// The tuners of `row` in all methods of the board.
std::string TunerNames(const Board& board, const Row* MethodBlock::*row) {
  std::set<std::string> names;
  for (const SettingFacts& setting : board.settings) {
    for (const MethodBlock& block : MethodBlocks(board, setting.name())) {
      if (block.*row != nullptr) names.insert(CodeCell((block.*row)->entry.tuner()));
    }
  }
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

}  // namespace

absl::StatusOr<std::string> RenderResultsPage(const Board& board, absl::string_view notes,
                                              const std::vector<MethodRemoval>& removals) {
  const auto parsed = ParseNotes(notes);
  if (!parsed.ok()) return parsed.status();
  std::vector<std::string> known;
  for (const SettingFacts& setting : board.settings) known.push_back(setting.name());
  for (const auto& [setting, note] : *parsed) {
    if (std::find(known.begin(), known.end(), setting) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a note for setting '", setting,
                       "', but results exist for: ", absl::StrJoin(known, ", ")));
    }
  }
  MarkdownOptions options;
  options.title = "Recorded results";
  options.introduction = absl::StrCat(
      "<!-- Generated by ", kUpdateCommand,
      ". Notes are in leaderboard/results_notes.md. -->\n\n"
      "The results in `",
      kRecorded, "` and, for the built-in settings, in `", kBuiltIn,
      "`: how well each method's scores predict what retraining really does, and what it costs to "
      "choose its damping. README.md explains the terms; the columns are explained "
      "[below](#what-the-columns-mean).");
  options.notes = *parsed;
  options.fold_entries = true;
  return absl::StrCat(RenderMarkdown(board, options), RenderRemovals(removals));
}

std::string RenderResultsBlock(const Board& board) {
  return absl::StrCat(
      kBlockBegin, "\n",
      "The best method of each recorded setting, by its best entry with any tuner. LDS "
      "says how well\n"
      "scores predict the outputs of retrained models; the noise of training allows no more than "
      "the ceiling.\n"
      "The selector (",
      TunerNames(board, &MethodBlock::selector),
      ") chooses a damping without retraining. Grid search (",
      TunerNames(board, &MethodBlock::search),
      ")\n"
      "retrains models. The last three columns divide the selector's LDS, tuning CPU time and "
      "tuning FLOPs by\n"
      "grid search's (none if a setting is not ranked). All methods, with notes: "
      "[leaderboard/RESULTS.md](leaderboard/RESULTS.md).\n\n",
      TableOfBest(board), kBlockEnd, "\n");
}

absl::StatusOr<std::string> ReplaceResultsBlock(absl::string_view readme, absl::string_view block) {
  const std::string begin_line = absl::StrCat(kBlockBegin, "\n");
  const std::string end_line = absl::StrCat(kBlockEnd, "\n");
  const size_t begin = readme.find(begin_line), end = readme.find(end_line);
  if (begin == readme.npos || end == readme.npos || begin > end ||
      readme.rfind(begin_line) != begin || readme.rfind(end_line) != end) {
    return absl::InvalidArgumentError(absl::StrCat("the lines '", kBlockBegin, "' and '", kBlockEnd,
                                                   "' must be there once each, in this order"));
  }
  return absl::StrCat(readme.substr(0, begin), block, readme.substr(end + end_line.size()));
}

absl::StatusOr<RecordedPages> MakeRecordedPages(const std::string& root) {
  const std::filesystem::path folder(root);
  auto files = ReadResultFiles({(folder / kRecorded).string()});
  if (!files.ok()) return files.status();
  std::vector<MethodResult> results;
  std::set<std::string> recorded;  // settings
  for (const ResultFile& file : *files) {
    results.push_back(file.result);
    recorded.insert(file.result.setting().name());
  }
  auto built_in = ReadResultFiles({(folder / kBuiltIn).string()});
  if (!built_in.ok()) return built_in.status();
  std::move(built_in->begin(), built_in->end(), std::back_inserter(*files));
  const auto board = MakeBoard(*files);
  if (!board.ok()) return board.status();
  Board of_readme = *board;
  of_readme.settings.erase(
      std::remove_if(of_readme.settings.begin(), of_readme.settings.end(),
                     [&](const SettingFacts& facts) { return recorded.count(facts.name()) == 0; }),
      of_readme.settings.end());
  const auto notes = ReadWholeFile((folder / kNotes).string());
  if (!notes.ok()) return notes.status();
  const auto readme = ReadWholeFile((folder / kReadme).string());
  if (!readme.ok()) return readme.status();
  std::vector<MethodRemoval> removals;
  if (const std::string studies = (folder / "benchmarks/removal").string();
      std::filesystem::exists(studies)) {
    auto read = ReadRemovalFiles({studies});
    if (!read.ok()) return read.status();
    removals = *std::move(read);
  }
  RecordedPages pages;
  auto page = RenderResultsPage(*board, *notes, removals);
  if (!page.ok()) return InFile(kNotes, page.status());
  pages.results_page = *std::move(page);
  auto renewed = ReplaceResultsBlock(*readme, RenderResultsBlock(of_readme));
  if (!renewed.ok()) return InFile(kReadme, renewed.status());
  auto with_chart = ReplaceDampingChart(*renewed, results);
  if (!with_chart.ok()) return InFile(kReadme, with_chart.status());
  pages.readme = *std::move(with_chart);
  return pages;
}

}  // namespace attribench
