// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/text_table.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using Alignment = TextColumn::Alignment;

TEST(TextTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  TextTable table({{{"method"}, Alignment::kLeft}, {{"LDS"}, Alignment::kRight}, {{"note"}}});
  table.AddRow({"a", ".25", "first"});
  table.AddRow({"longer name", "-.125"});
  EXPECT_EQ(table.Render(),
            "method         LDS  note\n"
            "a              .25  first\n"
            "longer name  -.125\n");
}

TEST(TextTableTest, ShortHeadersStandAtTheBottom) {
  TextTable table({{{"method"}}, {{"tuning", "cost"}, Alignment::kRight}});
  table.AddRow({"m", "3"});
  EXPECT_THAT(table.Lines(), ElementsAre("        tuning", "method    cost", "m            3"));
}

TEST(TextTableTest, NoHeaderNoHeaderLine) {
  TextTable table({TextColumn(), TextColumn()});
  EXPECT_EQ(table.Render(), "");
  table.AddRow({"a", "b"});
  EXPECT_EQ(table.Render(), "a  b\n");
}

// "±" and "é" take two bytes, "≈" three.
TEST(TextTableTest, WidthsCountCodePointsNotBytes) {
  EXPECT_EQ(TextWidth("≈ é ±"), 5);
  TextTable table({{{"x"}, Alignment::kRight}, {{"y"}}, {{"z"}}});
  table.AddRow({"±1", "é", "end"});
  table.AddRow({"100", "ab", "end"});
  EXPECT_THAT(table.Lines(), ElementsAre("  x  y   z", " ±1  é   end", "100  ab  end"));
}

TEST(TextTableTest, DecorationsAndSpanningLinesDoNotAffectWidths) {
  const auto red = [](const std::string& line) {
    return absl::StrCat("\033[31m", line, "\033[0m");
  };
  TextTable table({{{"m"}}, {{"n"}}});
  table.DecorateHeader([](const std::string& line) { return "# " + line; });
  table.AddRow({"a", "b"}, red);
  table.AddLine("  a long explanation of the row above  ");
  table.AddRow({"c", "d"});
  EXPECT_THAT(table.Lines(), ElementsAre("# m  n", "\033[31ma  b\033[0m",
                                         "  a long explanation of the row above", "c  d"));
}

}  // namespace
}  // namespace attribench
