// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/terminal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "benchmarks/text_table.h"
#include "leaderboard/display_names.h"
#include "leaderboard/method_blocks.h"
#include "leaderboard/sentences.h"
#include "leaderboard/table_columns.h"

namespace attribench {
namespace {

constexpr size_t kWidth = 120;
constexpr size_t kGap = 2;  // between the columns of a TextTable
constexpr size_t kLongestName = 26;
constexpr size_t kReasonIndent = 6;
constexpr char kBold[] = "\033[1m";
constexpr char kGreen[] = "\033[32m";
constexpr char kYellow[] = "\033[33m";
constexpr char kRed[] = "\033[31m";

using Cells = std::vector<std::string>;

std::string Cut(const std::string& text, size_t width) {
  if (TextWidth(text) <= width) return text;
  std::string cut = text;
  while (TextWidth(cut) > width - 3) cut.pop_back();
  return cut + "...";
}

std::vector<std::string> Wrapped(absl::string_view text, size_t indent) {
  const std::string margin(indent, ' ');
  std::vector<std::string> lines;
  std::string line;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && indent + TextWidth(line) + 1 + TextWidth(word) > kWidth) {
      lines.push_back(margin + line);
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  lines.push_back(margin + line);
  return lines;
}

// The first of EntryColumns(), which always fit.
enum { kRank, kMethod, kTuner };

// One line of the table of entries. If there is a reason for a failure, it follows the last cell.
struct EntryLine {
  const Row* row;
  Cells cells;
  std::string reason;
};

std::vector<const Row*> SelectedRows(const MethodBlock& block) {
  std::vector<const Row*> rows;
  for (const Row* row : {block.selector, block.search}) {
    if (row != nullptr) rows.push_back(row);
  }
  if (rows.empty()) rows.push_back(block.rows.front());
  for (const Row* row : block.rows) {
    const bool is_shown = std::find(rows.begin(), rows.end(), row) != rows.end();
    if (rows.size() < 2 && row->entry.status() != OK && !is_shown) rows.push_back(row);
  }
  return rows;
}

std::vector<EntryLine> BlockLines(const MethodBlock& block, bool all) {
  if (block.all_failed && (!all || Failures(block).size() == 1)) {
    const Row& row = *block.rows.front();
    Cells cells = EntryCells(row);
    cells.resize(kMethod + 1);
    return {{&row, std::move(cells), Failure(row)}};
  }
  std::vector<EntryLine> lines;
  for (const Row* row : all ? block.rows : SelectedRows(block)) {
    Cells cells = EntryCells(*row);
    if (!lines.empty()) cells[kMethod].clear();
    if (row->entry.status() != OK) cells.resize(kTuner + 1);
    lines.push_back({row, std::move(cells), Failure(*row)});
  }
  return lines;
}

void CutNames(const std::vector<Column>& columns, Cells& cells) {
  for (size_t c = 0; c < cells.size(); ++c) {
    if (columns[c].left_aligned) cells[c] = Cut(cells[c], kLongestName);
  }
}

std::vector<size_t> ColumnWidths(const std::vector<Column>& columns,
                                 const std::vector<Cells>& table) {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t width = 0;
    for (const std::string& line : columns[c].header) width = std::max(width, TextWidth(line));
    for (const Cells& cells : table) {
      if (c < cells.size()) width = std::max(width, TextWidth(cells[c]));
    }
    widths.push_back(width);
  }
  return widths;
}

// The indices of the columns that fit into a line, ascending.
std::vector<size_t> FittingColumns(const std::vector<Column>& columns,
                                   const std::vector<Cells>& table) {
  const std::vector<size_t> widths = ColumnWidths(columns, table);
  std::vector<size_t> kept(columns.size());
  size_t width = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    kept[c] = c;
    width += widths[c] + (c == 0 ? 0 : kGap);
  }
  while (width > kWidth) {
    const auto last = std::max_element(kept.rbegin(), kept.rend(), [&](size_t a, size_t b) {
      return columns[a].expendable < columns[b].expendable;
    });
    if (columns[*last].expendable == 0) break;
    width -= widths[*last] + kGap;
    kept.erase(std::next(last).base());
  }
  return kept;
}

TextTable MakeTable(const std::vector<Column>& columns, const std::vector<size_t>& kept) {
  std::vector<TextColumn> text_columns;
  for (const size_t c : kept) {
    text_columns.push_back({columns[c].header, columns[c].left_aligned
                                                   ? TextColumn::Alignment::kLeft
                                                   : TextColumn::Alignment::kRight});
  }
  return TextTable(std::move(text_columns));
}

Cells Kept(const Cells& cells, const std::vector<size_t>& kept) {
  Cells chosen;
  for (const size_t c : kept) {
    if (c < cells.size()) chosen.push_back(cells[c]);
  }
  return chosen;
}

class Page {
 public:
  explicit Page(const TerminalOptions& options) : options_(options) {}

  void AddSetting(const Board& board, const SettingFacts& setting) {
    const std::string name = OneLine(setting.name());
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", Painted(kBold, Cut(name, kWidth - 11)),
                    setting.synthetic() ? "  " : "",
                    setting.synthetic() ? Painted(kYellow, "SYNTHETIC") : "", "\n");
    AddFacts(board, setting);
    const std::vector<MethodBlock> blocks = MethodBlocks(board, setting.name());
    AddEntries(setting, blocks);
    AddMethods(board, setting, blocks);
  }

  const std::string& text() const { return text_; }

 private:
  std::string Painted(const char* code, const std::string& text) const {
    return options_.color ? absl::StrCat(code, text, "\033[0m") : text;
  }

  TextTable::Decoration Paint(const char* code) const {
    return [this, code](const std::string& line) { return Painted(code, line); };
  }

  void AddLine(const std::string& line) { absl::StrAppend(&text_, line, "\n"); }

  void AddWrapped(const std::string& text) {
    for (const std::string& line : Wrapped(text, 0)) AddLine(line);
  }

  void AddFacts(const Board& board, const SettingFacts& setting) {
    const auto facts = Facts(board, setting);
    size_t label_width = 0;
    for (const auto& [label, fact] : facts) label_width = std::max(label_width, TextWidth(label));
    const size_t indent = kGap + label_width + kGap;
    for (const auto& [label, fact] : facts) {
      std::vector<std::string> lines = Wrapped(fact, indent);
      lines[0].replace(kGap, label.size(), label);
      for (const std::string& line : lines) AddLine(line);
    }
  }

  // `widths` are those of all columns.
  void AddEntryLine(const EntryLine& line, const std::vector<size_t>& kept,
                    const std::vector<size_t>& widths, TextTable& table) const {
    Cells cells = Kept(line.cells, kept);
    if (line.reason.empty()) {
      table.AddRow(std::move(cells), line.row->rank.low == 1 ? Paint(kGreen) : nullptr);
      return;
    }
    if (options_.all) {
      table.AddRow(std::move(cells), Paint(kRed));
      for (const std::string& text : Wrapped(line.reason, kReasonIndent)) table.AddLine(text);
      return;
    }
    size_t reason_at = 0;
    for (size_t c = 0; c < cells.size(); ++c) reason_at += widths[c] + kGap;
    table.AddRow(std::move(cells), [=](const std::string& text) {
      const std::string gap(reason_at - TextWidth(text), ' ');
      return Painted(kRed, Cut(absl::StrCat(text, gap, line.reason), kWidth));
    });
  }

  void AddEntries(const SettingFacts& setting, const std::vector<MethodBlock>& blocks) {
    const std::vector<Column> columns = EntryColumns(setting);
    std::vector<EntryLine> lines;
    std::vector<Cells> cells;
    for (const MethodBlock& block : blocks) {
      for (EntryLine& line : BlockLines(block, options_.all)) {
        CutNames(columns, line.cells);
        cells.push_back(line.cells);
        lines.push_back(std::move(line));
      }
    }
    const std::vector<size_t> kept = FittingColumns(columns, cells);
    const std::vector<size_t> widths = ColumnWidths(columns, cells);
    TextTable table = MakeTable(columns, kept);
    table.DecorateHeader(Paint(kBold));
    for (const EntryLine& line : lines) AddEntryLine(line, kept, widths, table);
    absl::StrAppend(&text_, "\n", table.Render());
    AddLeftOutColumns(columns, kept);
    if (!options_.all) AddHiddenEntries(blocks);
  }

  void AddLeftOutColumns(const std::vector<Column>& columns, const std::vector<size_t>& kept) {
    std::vector<std::string> titles;
    for (size_t c = 0; c < columns.size(); ++c) {
      if (std::find(kept.begin(), kept.end(), c) == kept.end()) titles.push_back(columns[c].title);
    }
    if (titles.empty()) return;
    AddWrapped(absl::StrCat("Columns left out for their width (LEADERBOARD.md has them): ",
                            absl::StrJoin(titles, ", "), "."));
  }

  void AddHiddenEntries(const std::vector<MethodBlock>& blocks) {
    size_t hidden = 0, failed = 0;
    for (const MethodBlock& block : blocks) {
      if (block.all_failed) continue;
      const std::vector<const Row*> shown = SelectedRows(block);
      for (const Row* row : block.rows) {
        if (std::find(shown.begin(), shown.end(), row) != shown.end()) continue;
        ++hidden;
        if (row->entry.status() != OK) ++failed;
      }
    }
    if (hidden == 0) return;
    AddLine(absl::StrCat(hidden, hidden == 1 ? " more entry" : " more entries",
                         failed == 0 ? "" : absl::StrCat(", ", failed, " failed"),
                         ": --all shows every entry."));
  }

  void AddMethods(const Board& board, const SettingFacts& setting,
                  const std::vector<MethodBlock>& blocks) {
    const std::vector<Column> columns = MethodColumns(setting, {});
    std::vector<Cells> lines;
    for (const MethodBlock& block : blocks) {
      if (block.headlines.empty()) continue;
      for (Cells& cells : MethodLines(block, {})) {
        CutNames(columns, cells);
        lines.push_back(std::move(cells));
      }
    }
    if (lines.empty()) return;
    const std::vector<size_t> kept = FittingColumns(columns, lines);
    TextTable table = MakeTable(columns, kept);
    table.DecorateHeader(Paint(kBold));
    for (const Cells& cells : lines) table.AddRow(Kept(cells, kept));
    absl::StrAppend(&text_, "\n",
                    Painted(kBold, absl::StrCat("Selectors against grid search on retrained models",
                                                setting.synthetic() ? ", SYNTHETIC data" : "")),
                    "\n", table.Render());
    for (const std::string& summary : SelectorSentences(board, setting.name())) AddWrapped(summary);
  }

  const TerminalOptions options_;
  std::string text_;
};

}  // namespace

std::string RenderTerminal(const Board& board, const TerminalOptions& options) {
  Page page(options);
  for (const SettingFacts& setting : board.settings) page.AddSetting(board, setting);
  return page.text();
}

}  // namespace attribench
