// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/terminal.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "leaderboard/wording.h"

namespace attribench {
namespace {

constexpr size_t kWidth = 118;
constexpr char kBold[] = "\033[1m";
constexpr char kGreen[] = "\033[32m";
constexpr char kYellow[] = "\033[33m";
constexpr char kRed[] = "\033[31m";

// Code points of UTF-8 text.
size_t Width(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string Padded(const std::string& text, size_t width, bool left_aligned) {
  const std::string space(width - std::min(width, Width(text)), ' ');
  return left_aligned ? text + space : space + text;
}

std::string Wrapped(absl::string_view text, size_t indent) {
  const std::string margin(indent, ' ');
  std::string wrapped, line;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && indent + Width(line) + 1 + Width(word) > kWidth) {
      absl::StrAppend(&wrapped, margin, line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  return absl::StrCat(wrapped, margin, line, "\n");
}

class Page {
 public:
  explicit Page(bool color) : color_(color) {}

  std::string Painted(const char* code, const std::string& text) const {
    return color_ ? absl::StrCat(code, text, "\033[0m") : text;
  }

  void AddSetting(const Board& board, const SettingFacts& setting) {
    const std::string name = OneLine(setting.name());
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", Painted(kBold, name),
                    setting.synthetic() ? "  " : "",
                    setting.synthetic() ? Painted(kYellow, "SYNTHETIC") : "", "\n");
    size_t label_width = 0;
    const auto facts = Facts(board, setting);
    for (const auto& [label, fact] : facts) label_width = std::max(label_width, Width(label));
    for (const auto& [label, fact] : facts) {
      absl::StrAppend(&text_, "  ", Padded(label, label_width, true), "  ", fact, "\n");
    }
    AddTable(board, setting.name());
    AddHeadlines(board, setting);
  }

  const std::string& text() const { return text_; }

 private:
  void AddTable(const Board& board, const std::string& setting) {
    const std::vector<Column>& columns = Columns();
    std::vector<std::string> top, bottom;
    std::vector<size_t> widths;
    for (const Column& column : columns) {
      top.push_back(column.top);
      bottom.push_back(column.bottom);
      widths.push_back(std::max(Width(column.top), Width(column.bottom)));
    }
    for (const Row& row : board.rows) {
      if (row.setting != setting) continue;
      const std::vector<std::string> cells = Cells(row);
      for (size_t c = 0; c < widths.size(); ++c) widths[c] = std::max(widths[c], Width(cells[c]));
    }
    const auto line = [&](const std::vector<std::string>& cells) {
      std::string text;
      for (size_t c = 0; c < cells.size(); ++c) {
        absl::StrAppend(&text, c == 0 ? "" : "  ",
                        Padded(cells[c], widths[c], columns[c].left_aligned));
      }
      return text;
    };
    absl::StrAppend(&text_, "\n", Painted(kBold, line(top)), "\n", Painted(kBold, line(bottom)),
                    "\n");
    for (const Row& row : board.rows) {
      if (row.setting != setting) continue;
      const std::string text = line(Cells(row));
      if (row.entry.status() != OK) {
        absl::StrAppend(&text_, Painted(kRed, text), "\n", Wrapped(Failure(row), 6));
      } else {
        absl::StrAppend(&text_, row.rank.low == 1 ? Painted(kGreen, text) : text, "\n");
      }
    }
  }

  void AddHeadlines(const Board& board, const SettingFacts& setting) {
    bool first = true;
    for (const Headline& headline : board.headlines) {
      if (headline.setting != setting.name()) continue;
      if (first) {
        absl::StrAppend(&text_, "\n",
                        Painted(kBold, absl::StrCat("The damping selector (", kSelectorTuner,
                                                    ") against grid search on retrained models",
                                                    setting.synthetic() ? ", SYNTHETIC data" : "")),
                        "\n");
        const std::string summary = SelectorSummary(board, setting.name());
        if (!summary.empty()) absl::StrAppend(&text_, Wrapped(summary, 2));
      }
      first = false;
      absl::StrAppend(&text_, Wrapped(Sentence(headline), 2));
    }
  }

  const bool color_;
  std::string text_;
};

}  // namespace

std::string RenderTerminal(const Board& board, bool color) {
  Page page(color);
  for (const SettingFacts& setting : board.settings) page.AddSetting(board, setting);
  return page.text();
}

}  // namespace attribench
