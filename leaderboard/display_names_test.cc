// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/display_names.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;

TEST(StatusNameTest, WordsOfTheContract) {
  std::vector<std::string> names;
  for (int i = 0; i <= 7; ++i) names.push_back(StatusName(static_cast<EntryStatus>(i)));
  EXPECT_THAT(names, ElementsAre("ok", "nan", "singular", "out_of_memory", "timeout", "refused",
                                 "error", "error"));
  EXPECT_EQ(StatusName(static_cast<EntryStatus>(-1)), "error");
  EXPECT_EQ(StatusName(OUT_OF_MEMORY), "out_of_memory");
  EXPECT_EQ(StatusName(ERROR), "error");
}

TEST(TunerKindNameTest, WordsOfTheContract) {
  std::vector<std::string> names;
  for (int i = -1; i <= 4; ++i) names.push_back(TunerKindName(static_cast<TunerKindRecord>(i)));
  EXPECT_THAT(names, ElementsAre("unspecified", "unspecified", "fixed_value", "search", "selector",
                                 "unspecified"));
}

TEST(DirectionNameTest, WordsOfTheContract) {
  EXPECT_EQ(DirectionName(HIGHER_IS_BETTER), "higher_is_better");
  EXPECT_EQ(DirectionName(LOWER_IS_BETTER), "lower_is_better");
}

TEST(MetricTitleTest, ShortWordsAreAbbreviations) {
  EXPECT_EQ(MetricTitle("lds"), "LDS");
  EXPECT_EQ(MetricTitle("mislabel_auc"), "mislabel AUC");
  EXPECT_EQ(MetricTitle("removal"), "removal");
  EXPECT_EQ(MetricTitle("a\nb"), "A B");
  EXPECT_EQ(MetricTitle(""), "");
}

TEST(OneLineTest, ControlCharactersBecomeSpaces) {
  EXPECT_EQ(OneLine("a\nb\x1b[31m\tc\x7f"), "a b [31m c ");
  EXPECT_EQ(OneLine("± é"), "± é");
}

TEST(DisplayNamesTest, ABarDoesNotEndACell) {
  EXPECT_EQ(TableCell("a|b\nc"), "a\\|b c");
  EXPECT_EQ(CodeCell("a|b"), "`a\\|b`");
}

}  // namespace
}  // namespace attribench
