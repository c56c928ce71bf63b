// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/text_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace attribench {

size_t TextWidth(absl::string_view text) {
  // Every byte but a continuation byte (10xxxxxx) starts a code point.
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

TextTable::TextTable(std::vector<TextColumn> columns) {
  size_t height = 0;
  for (const TextColumn& column : columns) height = std::max(height, column.header.size());
  header_.resize(height);
  for (TextColumn& column : columns) {
    alignments_.push_back(column.alignment);
    column.header.insert(column.header.begin(), height - column.header.size(), "");
    for (size_t i = 0; i < height; ++i) header_[i].cells.push_back(std::move(column.header[i]));
  }
}

void TextTable::DecorateHeader(Decoration decoration) {
  for (Line& line : header_) line.decoration = decoration;
}

void TextTable::AddRow(std::vector<std::string> cells, Decoration decoration) {
  cells.resize(alignments_.size());
  body_.push_back({std::move(cells), std::move(decoration)});
}

void TextTable::AddLine(std::string line) {
  body_.push_back({{std::move(line)}, nullptr, /*spans_columns=*/true});
}

std::vector<std::string> TextTable::Lines() const {
  std::vector<size_t> widths(alignments_.size(), 0);
  for (const std::vector<Line>* part : {&header_, &body_}) {
    for (const Line& line : *part) {
      if (line.spans_columns) continue;
      for (size_t i = 0; i < widths.size(); ++i) {
        widths[i] = std::max(widths[i], TextWidth(line.cells[i]));
      }
    }
  }
  std::vector<std::string> lines;
  for (const std::vector<Line>* part : {&header_, &body_}) {
    for (const Line& line : *part) lines.push_back(Format(line, widths));
  }
  return lines;
}

std::string TextTable::Format(const Line& line, const std::vector<size_t>& widths) const {
  std::string text;
  if (line.spans_columns) {
    text = line.cells[0];
  } else {
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string& cell = line.cells[i];
      const std::string padding(widths[i] - TextWidth(cell), ' ');
      const bool left = alignments_[i] == TextColumn::Alignment::kLeft;
      absl::StrAppend(&text, i == 0 ? "" : "  ", left ? cell : padding, left ? padding : cell);
    }
  }
  absl::StripTrailingAsciiWhitespace(&text);
  return line.decoration ? line.decoration(text) : text;
}

std::string TextTable::Render() const {
  std::string text;
  for (const std::string& line : Lines()) absl::StrAppend(&text, line, "\n");
  return text;
}

}  // namespace attribench
