// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_TEXT_TABLE_H_
#define ATTRIBENCH_BENCHMARKS_TEXT_TABLE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace attribench {

// The number of code points in UTF-8 text: its width on a terminal, as long as no character is wide
// and none combines with another.
size_t TextWidth(absl::string_view text);

struct TextColumn {
  enum class Alignment { kLeft, kRight };

  // From top to bottom. A column with fewer header lines than another one is filled up with empty
  // lines at the top.
  std::vector<std::string> header;
  Alignment alignment = Alignment::kLeft;
};

// A table of fixed-width text. Columns are as wide as their widest cell and two spaces apart. No
// line ends with a space.
class TextTable {
 public:
  // Changes a finished line, for example adds ANSI colour. It does not affect the widths.
  using Decoration = std::function<std::string(const std::string& line)>;

  explicit TextTable(std::vector<TextColumn> columns);

  // Decorates every header line.
  void DecorateHeader(Decoration decoration);
  // Missing cells at the end are empty. `cells` may not be longer than the list of columns.
  void AddRow(std::vector<std::string> cells, Decoration decoration = nullptr);
  // A line that spans all columns, below the rows added so far. It does not affect the widths.
  void AddLine(std::string line);

  // Header lines first, then rows and spanning lines in the order they were added.
  std::vector<std::string> Lines() const;
  // The lines, each followed by a newline.
  std::string Render() const;

 private:
  struct Line {
    std::vector<std::string> cells;
    Decoration decoration;
    bool spans_columns = false;  // cells[0] is the whole line
  };

  std::string Format(const Line& line, const std::vector<size_t>& widths) const;

  std::vector<TextColumn::Alignment> alignments_;
  std::vector<Line> header_;
  std::vector<Line> body_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_TEXT_TABLE_H_
