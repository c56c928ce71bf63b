// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/table_columns.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Row FullRow() {
  Row row;
  row.method = "m";
  row.entry = SampleEntry("t", {-.0004, .0002});
  row.entry.set_absolute_damping(3.16e-5);
  row.entry.mutable_tuning_cost()->set_retrainings(50);
  row.entry.mutable_tuning_cost()->set_cpu_seconds(9.876);
  row.entry.mutable_total_cost()->set_cpu_seconds(12345.6);
  row.entry.set_peak_memory_bytes(int64_t{3} << 29);
  row.tuners = {"t"};
  row.metrics.resize(1);
  row.metrics[0].estimate = Lds(row.entry).estimate();
  row.metrics[0].ceiling_share = .4567;
  row.metrics[0].oracle = .4;
  row.rank = {2, 5};
  return row;
}

std::vector<std::string> Titles(const std::vector<Column>& columns) {
  std::vector<std::string> titles;
  for (const Column& column : columns) titles.push_back(column.title);
  return titles;
}

SettingFacts WithTwoMetrics() {
  SettingFacts setting = SampleResult("s", "m").setting();
  MetricFacts& error = *setting.add_metrics();
  error.set_name("removal_error");
  error.set_unit("removed example");
  error.set_direction(LOWER_IS_BETTER);
  return setting;
}

TEST(EntryCellsTest, InTheOrderOfColumns) {
  EXPECT_THAT(
      Titles(EntryColumns(SampleResult("s", "m").setting())),
      ElementsAre("rank", "method", "tuner", "LDS [95% interval]", "% of ceiling", "oracle LDS",
                  "damping", "tuning retrainings", "tuning CPU s", "total CPU s", "peak memory"));
  EXPECT_THAT(EntryCells(FullRow()),
              ElementsAre("2-5", "m", "t", "0.000 [-0.050, 0.050]", "45.7%", "0.400", "3.16e-05",
                          "50", "9.88", "12346", "1.50 GiB"));
}

TEST(EntryCellsTest, OtherMetricsHaveAColumnEach) {
  const std::vector<Column> columns = EntryColumns(WithTwoMetrics());
  ASSERT_EQ(columns.size(), 12);
  EXPECT_EQ(columns[6].title, "removal error [95% interval]");
  EXPECT_THAT(columns[6].meaning, HasSubstr("the mean over removed examples."));
  EXPECT_THAT(columns[6].meaning, HasSubstr("Lower is better."));
  Row row = FullRow();
  row.metrics.resize(2);
  EXPECT_EQ(EntryCells(row).size(), 12);
  EXPECT_EQ(EntryCells(row)[6], "-");
  row.metrics[1].estimate = Lds(row.entry).estimate();
  EXPECT_EQ(EntryCells(row)[6], "0.000 [-0.050, 0.050]");
}

TEST(EntryCellsTest, SaysWhatStandsAtTheEdgeAndWhatIsNotRanked) {
  Row row = FullRow();
  row.metrics[0].oracle_at_edge = row.damping_at_edge = true;
  row.tuners = {"a", "b"};
  row.rank = {0, 0};
  const std::vector<std::string> cells = EntryCells(row);
  EXPECT_EQ(cells[0], "-");
  EXPECT_EQ(cells[2], "a, b");
  EXPECT_EQ(cells[5], "0.400 (edge)");
  EXPECT_EQ(cells[6], "3.16e-05 (edge)");
}

TEST(EntryCellsTest, SharesNextToNothing) {
  Row row = FullRow();
  row.metrics[0].ceiling_share = -1e-9;
  EXPECT_EQ(EntryCells(row)[4], "0.0%");
  row.metrics[0].ceiling_share = -.004;
  EXPECT_EQ(EntryCells(row)[4], "-0.4%");
}

TEST(EntryCellsTest, NoCpuSecondsOfAGpu) {
  Row row = FullRow();
  const std::vector<std::string> on_cpu = EntryCells(row);
  row.machine.set_device("NVIDIA H200");
  std::vector<std::string> on_gpu = EntryCells(row);
  for (const size_t place : {on_cpu.size() - 3, on_cpu.size() - 2}) {
    EXPECT_NE(on_cpu[place], "-");
    EXPECT_EQ(on_gpu[place], "-");
    on_gpu[place] = on_cpu[place];
  }
  EXPECT_EQ(on_gpu, on_cpu);
}

TEST(EntryCellsTest, DashesAndStatusForWhatIsMissing) {
  Row row;
  row.method = "a\nb";
  row.rank = {3, 3};
  row.metrics.resize(1);
  row.entry.set_status(OUT_OF_MEMORY);
  EXPECT_THAT(EntryCells(row),
              ElementsAre("3", "a b", "", "out_of_memory", "-", "-", "-", "-", "-", "-", "-"));
}

TEST(EntryColumnsTest, WhatIsAlwaysShown) {
  std::vector<std::string> titles;
  for (const Column& column : EntryColumns(WithTwoMetrics())) {
    if (column.expendable == 0) titles.push_back(column.title);
  }
  EXPECT_THAT(titles, ElementsAre("rank", "method", "tuner", "LDS [95% interval]",
                                  "tuning retrainings", "tuning CPU s"));
}

class MethodCellsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto board = MakeBoard(SampleResults());
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *board;
    blocks_ = MethodBlocks(board_, "drawn");
    ASSERT_EQ(blocks_.size(), 2);
  }

  Board board_;
  std::vector<MethodBlock> blocks_;
};

TEST_F(MethodCellsTest, InTheOrderOfColumns) {
  EXPECT_THAT(Titles(MethodColumns(board_.settings[0], {"default"})),
              ElementsAre("method", "default LDS", "selector", "selector LDS", "grid search",
                          "grid search LDS", "share of LDS [95% interval]", "share of tuning CPU",
                          "share of tuning FLOPs", "retrainings to match"));
  Headline headline = *blocks_[0].headlines[0];
  headline.share_low = .931;
  headline.share_high = .966;
  EXPECT_THAT(MethodCells(blocks_[0], &headline, {"default"}),
              ElementsAre("sharp", "0.200", kSampleSelector, "0.380", "grid_search_50", "0.400",
                          "95.0% [93.1, 96.6]", "1.0%", "1.0%", "20"));
}

TEST_F(MethodCellsTest, LeavesOutWhatIsMissing) {
  Headline headline = *blocks_[0].headlines[0];
  headline.share_low.reset();
  headline.retrainings_to_match.reset();
  headline.cost_share.reset();
  headline.flops_share.reset();
  EXPECT_THAT(MethodCells(blocks_[0], &headline, {}),
              ElementsAre("sharp", kSampleSelector, "0.380", "grid_search_50", "0.400", "95.0%",
                          "-", "-", "> 50"));
  headline.search.clear();
  headline.search_value.reset();
  headline.search_retrainings.reset();
  headline.share.reset();
  EXPECT_THAT(MethodCells(blocks_[0], &headline, {}),
              ElementsAre("sharp", kSampleSelector, "0.380", "-", "-", "-", "-", "-", "-"));
}

TEST_F(MethodCellsTest, WithoutHeadlineTheValuesStay) {
  EXPECT_THAT(MethodCells(blocks_[0], nullptr, {"unknown"}),
              ElementsAre("sharp", "-", kSampleSelector, "0.380", "grid_search_50", "0.400", "-",
                          "-", "-", "-"));
  EXPECT_THAT(
      MethodCells(blocks_[1], nullptr, {"default", "mean_eigenvalue"}),
      ElementsAre("blunt", "0.000", "out_of_memory", "-", "-", "-", "-", "-", "-", "-", "-"));
}

TEST_F(MethodCellsTest, OneLineForEverySelector) {
  EXPECT_EQ(MethodLines(blocks_[0], {}).size(), 1);
  EXPECT_EQ(MethodLines(blocks_[1], {}).size(), 1);
  Headline other = *blocks_[0].headlines[0];
  other.selector = "z_rule";
  blocks_[0].headlines.push_back(&other);
  const auto lines = MethodLines(blocks_[0], {});
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0][1], kSampleSelector);
  EXPECT_EQ(lines[1][1], "z_rule");
}

}  // namespace
}  // namespace attribench
