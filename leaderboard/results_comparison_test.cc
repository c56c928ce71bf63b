// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/results_comparison.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

std::vector<ResultFile> Files() {
  std::vector<ResultFile> files;
  for (MethodResult& result : SampleResults()) files.push_back({"", std::move(result)});
  return files;
}

MethodResult& Of(std::vector<ResultFile>& files, const std::string& setting,
                 const std::string& method) {
  for (auto& [path, result] : files) {
    if (result.setting().name() == setting && result.method() == method) return result;
  }
  ADD_FAILURE() << setting << " " << method;
  return files[0].result;
}

TEST(ResultsComparisonTest, TheSameResultsDidNotMove) {
  const ResultsComparison comparison = CompareResults(Files(), Files());
  EXPECT_TRUE(comparison.changes.empty());
  EXPECT_EQ(comparison.num_same, 13);
}

// Intervals reach .05 to both sides.
TEST(ResultsComparisonTest, AMoveIsBeyondBothIntervals) {
  std::vector<ResultFile> now = Files();
  Interval& lds = *Lds(*Of(now, "real", "blunt").mutable_entries(0)).mutable_estimate();
  const double was = lds.value();
  lds.set_value(was + .04);
  EXPECT_TRUE(CompareResults(Files(), now).changes.empty()) << "within the old interval";
  lds.set_value(was + .07);
  lds.set_low(was - .01);
  EXPECT_TRUE(CompareResults(Files(), now).changes.empty())
      << "the old value is within the new one";
  lds.set_low(was + .02);
  lds.set_high(was + .12);
  const ResultsComparison comparison = CompareResults(Files(), now);
  ASSERT_EQ(comparison.changes.size(), 1);
  EXPECT_EQ(comparison.changes[0].what, EntryChange::What::kMoved);
  EXPECT_EQ(comparison.changes[0].setting, "real");
  EXPECT_EQ(comparison.changes[0].method, "blunt");
  EXPECT_THAT(RenderComparison(comparison),
              HasSubstr("1 moved beyond both intervals, 0 with another status, 0 new, 0 gone, 12 "
                        "the same within their intervals\n"));
}

TEST(ResultsComparisonTest, WhatCameWentAndFailed) {
  std::vector<ResultFile> now = Files();
  Entry& failed = *Of(now, "real", "sharp").mutable_entries(0);
  failed.set_status(SINGULAR);
  failed.set_message("no inverse");
  Of(now, "real", "blunt").set_method("blunter");
  const ResultsComparison comparison = CompareResults(Files(), now);
  ASSERT_EQ(comparison.changes.size(), 3);
  EXPECT_EQ(comparison.changes[0].method, "blunt");
  EXPECT_EQ(comparison.changes[0].what, EntryChange::What::kRemoved);
  EXPECT_EQ(comparison.changes[1].method, "blunter");
  EXPECT_EQ(comparison.changes[1].what, EntryChange::What::kAdded);
  EXPECT_EQ(comparison.changes[2].what, EntryChange::What::kStatus);
  EXPECT_EQ(comparison.changes[2].now, "singular: no inverse");
  EXPECT_THAT(RenderComparison(comparison), HasSubstr("singular: no inverse"));
}

TEST(ResultsComparisonTest, OtherDataAreNotCompared) {
  std::vector<ResultFile> before = Files(), now = Files();
  for (auto& [path, result] : before) result.mutable_provenance()->set_data_digest("aa");
  for (auto& [path, result] : now) {
    result.mutable_provenance()->set_data_digest(result.setting().name() == "real" ? "aa" : "bb");
  }
  const ResultsComparison comparison = CompareResults(before, now);
  ASSERT_EQ(comparison.not_comparable.size(), 1);
  EXPECT_EQ(comparison.not_comparable[0], "drawn: data digest was aa, is bb");
  EXPECT_EQ(comparison.num_same, 6);
}

}  // namespace
}  // namespace attribench
