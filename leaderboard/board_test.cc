// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/board.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

MATCHER_P3(IsRow, method, low, high, "") {
  *result_listener << arg.method << " at " << arg.rank.low << " to " << arg.rank.high;
  return arg.method == method && arg.rank.low == low && arg.rank.high == high;
}

// A setting of one entry per method, all of tuner "default".
std::vector<MethodResult> Methods(
    const std::vector<std::pair<std::string, std::vector<double>>>& lds_of_method) {
  std::vector<MethodResult> results;
  for (const auto& [method, lds] : lds_of_method) {
    results.push_back(SampleResult("s", method));
    *results.back().add_entries() = SampleEntry("default", lds);
  }
  return results;
}

void Charge(double retrainings, double cpu_seconds, double flops, Entry* entry) {
  entry->mutable_tuning_cost()->set_retrainings(retrainings);
  entry->mutable_tuning_cost()->set_cpu_seconds(cpu_seconds);
  entry->mutable_tuning_cost()->set_flops(flops);
}

Entry Failed(const std::string& tuner, EntryStatus status) {
  Entry entry;
  entry.set_tuner(tuner);
  entry.set_status(status);
  return entry;
}

std::vector<double> Wave(int n, double mean, double amplitude) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(mean + amplitude * std::sin(i));
  return values;
}

TEST(RankTest, SameMethodTwiceTies) {
  const auto board = MakeBoard(
      Methods({{"a", Wave(50, .3, .2)}, {"twin", Wave(50, .3, .2)}, {"worse", Wave(50, .1, .2)}}));
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows,
              ElementsAre(IsRow("a", 1, 2), IsRow("twin", 1, 2), IsRow("worse", 3, 3)));
}

// Every test is better by .01, which is far below the spread between tests: only a paired
// comparison sees it.
TEST(RankTest, ComparisonIsPaired) {
  const auto board =
      MakeBoard(Methods({{"worse", Wave(50, .30, .5)}, {"better", Wave(50, .31, .5)}}));
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("better", 1, 1), IsRow("worse", 2, 2)));
}

// Where k of 100 tests are better and the others equal, a resample without any of the k has a
// difference of zero. That is a share of .97^100 = 4.8% of resamples for k = 3, and of .95^100 =
// .6% for k = 5, with standard errors of .5% and .2% in 2000 resamples: either side of 2.5%.
TEST(RankTest, LevelIsThatOfA95PercentInterval) {
  for (const int k : {3, 5}) {
    std::vector<double> plain = Wave(100, .3, .2), better = plain;
    for (int i = 0; i < k; ++i) better[7 * i] += .5;
    const auto board = MakeBoard(Methods({{"plain", plain}, {"better", better}}));
    ASSERT_TRUE(board.ok()) << board.status();
    if (k == 3) {
      EXPECT_THAT(board->rows, ElementsAre(IsRow("better", 1, 2), IsRow("plain", 1, 2)));
    } else {
      EXPECT_THAT(board->rows, ElementsAre(IsRow("better", 1, 1), IsRow("plain", 2, 2)));
    }
  }
}

// `first` is better than `last` everywhere; `middle` is better than `last` by as much but in three
// tests only, and as much worse than `first` in three: it ties with both.
TEST(RankTest, TiesNeedNotBeTransitive) {
  std::vector<double> first(100, .4), middle(100, .4), last(100, .4);
  for (int i = 0; i < 6; ++i) last[10 * i] -= .2;
  for (int i = 0; i < 3; ++i) middle[10 * i] -= .2;
  const auto board = MakeBoard(Methods({{"last", last}, {"middle", middle}, {"first", first}}));
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows,
              ElementsAre(IsRow("first", 1, 2), IsRow("middle", 1, 3), IsRow("last", 2, 3)));
}

TEST(RankTest, FailuresComeLastWithoutScore) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .1, .1)}, {"b", Wave(50, .3, .1)}});
  Entry timeout = Failed("slow", TIMEOUT);
  timeout.mutable_lds()->set_value(.9);
  timeout.add_lds_per_test(.9);
  timeout.set_message("after 60 s");
  *results[1].add_entries() = timeout;
  *results[0].add_entries() = Failed("broken", SINGULAR);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows,
              ElementsAre(IsRow("b", 1, 1), IsRow("a", 2, 2), IsRow("a", 4, 4), IsRow("b", 4, 4)));
  EXPECT_EQ(board->rows[3].entry.message(), "after 60 s");
  EXPECT_FALSE(board->rows[3].entry.has_lds());
  EXPECT_EQ(board->rows[3].ceiling_share, std::nullopt);
}

TEST(RankTest, EachSettingHasItsOwn) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .1, .1)}});
  results.push_back(SampleResult("r", "b"));
  *results.back().add_entries() = SampleEntry("default", {.5, .6});
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->settings.size(), 2);
  EXPECT_EQ(board->settings[0].name(), "r");
  EXPECT_THAT(board->rows, ElementsAre(IsRow("b", 1, 1), IsRow("a", 1, 1)));
}

TEST(BoardTest, SameForResultsInAnyOrder) {
  std::vector<MethodResult> results = SampleResults();
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  std::reverse(results.begin(), results.end());
  for (MethodResult& result : results) {
    std::reverse(result.mutable_entries()->begin(), result.mutable_entries()->end());
  }
  const auto again = MakeBoard(results);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->rows.size(), 13);
  ASSERT_EQ(board->rows.size(), 13);
  for (size_t i = 0; i < board->rows.size(); ++i) {
    EXPECT_EQ(again->rows[i].setting, board->rows[i].setting);
    EXPECT_EQ(again->rows[i].method, board->rows[i].method);
    EXPECT_EQ(again->rows[i].entry.tuner(), board->rows[i].entry.tuner());
    EXPECT_EQ(again->rows[i].rank.low, board->rows[i].rank.low);
    EXPECT_EQ(again->rows[i].rank.high, board->rows[i].rank.high);
  }
  ASSERT_EQ(again->headlines.size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(again->headlines[i].setting, board->headlines[i].setting);
    EXPECT_EQ(again->headlines[i].selector_lds_share_low,
              board->headlines[i].selector_lds_share_low);
  }
}

TEST(BoardTest, CeilingShareAndOracle) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .3}}});
  results[0].set_oracle_lds(.25);
  auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows[0].ceiling_share, Optional(testing::DoubleEq(.25)));  // .2 / .8
  EXPECT_THAT(board->rows[0].oracle_lds, Optional(.25));
  results[0].mutable_setting()->mutable_noise_ceiling()->set_value(0);
  results[0].clear_oracle_lds();
  board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_EQ(board->rows[0].ceiling_share, std::nullopt);
  EXPECT_EQ(board->rows[0].oracle_lds, std::nullopt);
}

class HeadlineTest : public testing::Test {
 protected:
  HeadlineTest() : results_({SampleResult("s", "m")}) {
    Add("grid_search_100", .40, 100, 200, 1e12);
    Add("grid_search_5", .30, 5, 10, 5e10);
    Add("grid_search_20", .39, 20, 40, 2e11);
    Add("default", .50, 0, 0, 0);
    selector_ = Add(kSelectorTuner, .38, 0, 1, 5e9);
  }

  Entry* Add(const std::string& tuner, double lds, double retrainings, double cpu_seconds,
             double flops) {
    Entry* entry = results_[0].add_entries();
    *entry = SampleEntry(tuner, std::vector<double>(8, lds));
    Charge(retrainings, cpu_seconds, flops, entry);
    return entry;
  }

  Headline Only() {
    const auto board = MakeBoard(results_);
    EXPECT_TRUE(board.ok()) << board.status();
    EXPECT_EQ(board->headlines.size(), 1);
    return board->headlines.at(0);
  }

  Entry* Grid(int i) { return results_[0].mutable_entries(i); }

  std::vector<MethodResult> results_;
  Entry* selector_;
};

TEST_F(HeadlineTest, NumbersByHand) {
  const Headline headline = Only();
  EXPECT_EQ(headline.setting, "s");
  EXPECT_EQ(headline.method, "m");
  EXPECT_EQ(headline.grid_search, "grid_search_100");
  EXPECT_THAT(headline.selector_lds_share, Optional(testing::DoubleEq(.95)));
  EXPECT_THAT(headline.selector_lds_share_low, Optional(testing::DoubleNear(.95, 1e-12)));
  EXPECT_THAT(headline.selector_lds_share_high, Optional(testing::DoubleNear(.95, 1e-12)));
  EXPECT_THAT(headline.selector_cost_share, Optional(testing::DoubleEq(.005)));
  EXPECT_THAT(headline.selector_flops_share, Optional(testing::DoubleEq(.005)));
  EXPECT_THAT(headline.selector_retrainings, Optional(0));
  EXPECT_THAT(headline.grid_retrainings_to_match, Optional(20));
}

// The selector's LDS is .28 or .48 with equal frequency in 100 tests, grid search's is .4: the
// standard error of the share is .1 / sqrt(100) / .4 = .025, the interval's half width 1.96 times
// that. An end found in 2000 resamples has a standard error of
// sqrt(.025 * .975 / 2000) / .0584 * .025 = .0015; and resampled shares lie .005 apart.
TEST_F(HeadlineTest, IntervalOfShareHasTheWidthOfItsStandardError) {
  for (Entry& entry : *results_[0].mutable_entries()) {
    const double lds = entry.lds().value();
    entry.clear_lds_per_test();
    for (int i = 0; i < 100; ++i) {
      entry.add_lds_per_test(&entry == selector_ ? lds + (i % 2 == 0 ? .1 : -.1) : lds);
    }
  }
  const Headline headline = Only();
  EXPECT_THAT(headline.selector_lds_share_low, Optional(testing::DoubleNear(.95 - .049, .0125)));
  EXPECT_THAT(headline.selector_lds_share_high, Optional(testing::DoubleNear(.95 + .049, .0125)));
}

TEST_F(HeadlineTest, EqualLdsMatchesAndClearlyHigherThanAllDoesNot) {
  const auto set_selector = [&](double lds) {
    selector_->mutable_lds()->set_value(lds);
    for (double& value : *selector_->mutable_lds_per_test()) value = lds;
  };
  set_selector(.30);
  EXPECT_THAT(Only().grid_retrainings_to_match, Optional(5));
  set_selector(.41);
  EXPECT_EQ(Only().grid_retrainings_to_match, std::nullopt);
}

// Higher on average, but on one test example alone: resamples without it are equal.
TEST_F(HeadlineTest, NotClearlyWorseMatches) {
  selector_->set_lds_per_test(0, .9);
  selector_->mutable_lds()->set_value(.38 + (.9 - .38) / selector_->lds_per_test_size());
  EXPECT_THAT(Only().grid_retrainings_to_match, Optional(20));
}

TEST_F(HeadlineTest, FailedGridSearchIsPassedOver) {
  *Grid(0) = Failed("grid_search_100", TIMEOUT);
  EXPECT_EQ(Only().grid_search, "grid_search_20");
}

TEST_F(HeadlineTest, OnlyNumbersOfRetrainingsCount) {
  Grid(0)->set_tuner("grid_search_all");
  Grid(2)->set_tuner("grid_search_0");
  EXPECT_EQ(Only().grid_search, "grid_search_5");
}

TEST_F(HeadlineTest, WithoutGridSearchThereIsNoShare) {
  for (int i = 0; i < 3; ++i) Grid(i)->set_status(TIMEOUT);
  const Headline headline = Only();
  EXPECT_EQ(headline.grid_search, "");
  EXPECT_EQ(headline.selector_lds_share, std::nullopt);
  EXPECT_EQ(headline.selector_cost_share, std::nullopt);
  EXPECT_EQ(headline.grid_retrainings_to_match, std::nullopt);
}

TEST_F(HeadlineTest, GridSearchOfAnotherMethodDoesNotCount) {
  MethodResult other = SampleResult("s", "other");
  *other.add_entries() = SampleEntry("grid_search_500", std::vector<double>(8, .7));
  results_.push_back(other);
  EXPECT_EQ(Only().grid_search, "grid_search_100");
}

TEST_F(HeadlineTest, NoShareOfZero) {
  Grid(0)->mutable_lds()->set_value(0);
  Charge(100, 0, 0, Grid(0));
  const Headline headline = Only();
  EXPECT_EQ(headline.grid_search, "grid_search_100");
  EXPECT_EQ(headline.selector_lds_share, std::nullopt);
  EXPECT_EQ(headline.selector_lds_share_low, std::nullopt);
  EXPECT_EQ(headline.selector_lds_share_high, std::nullopt);
  EXPECT_EQ(headline.selector_cost_share, std::nullopt);
  EXPECT_EQ(headline.selector_flops_share, std::nullopt);
}

TEST_F(HeadlineTest, NoShareOfAMissingCost) {
  selector_->clear_tuning_cost();
  const Headline headline = Only();
  EXPECT_EQ(headline.selector_cost_share, std::nullopt);
  EXPECT_EQ(headline.selector_flops_share, std::nullopt);
  EXPECT_EQ(headline.selector_retrainings, std::nullopt);
  EXPECT_THAT(headline.selector_lds_share, Optional(testing::DoubleEq(.95)));
}

// Grid search's mean over 8 tests is positive, but not that of the resamples that draw the negative
// test often.
TEST_F(HeadlineTest, NoIntervalWhereSomeResamplesAreNotPositive) {
  Grid(0)->set_lds_per_test(0, -1.6);
  Grid(0)->mutable_lds()->set_value(.15);
  const Headline headline = Only();
  EXPECT_THAT(headline.selector_lds_share, Optional(testing::DoubleEq(.38 / .15)));
  EXPECT_EQ(headline.selector_lds_share_low, std::nullopt);
  EXPECT_EQ(headline.selector_lds_share_high, std::nullopt);
}

TEST_F(HeadlineTest, NoneWithoutDampingOrWithoutSelector) {
  results_[0].set_damped(false);
  auto board = MakeBoard(results_);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_TRUE(board->headlines.empty());
  results_[0].set_damped(true);
  selector_->set_status(REFUSED);
  board = MakeBoard(results_);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_TRUE(board->headlines.empty());
}

void ExpectInvalid(const std::vector<MethodResult>& results,
                   const std::vector<std::string>& words) {
  const auto board = MakeBoard(results);
  ASSERT_EQ(board.status().code(), absl::StatusCode::kInvalidArgument);
  for (const std::string& word : words) {
    EXPECT_THAT(std::string(board.status().message()), HasSubstr(word));
  }
}

TEST(InvalidTest, TwoResultsOfOneEntry) {
  ExpectInvalid(Methods({{"a", {.1, .2}}, {"b", {.1, .2}}, {"a", {.1, .2}}}),
                {"setting s, method a, tuner default", "two results"});
}

TEST(InvalidTest, ContradictoryFacts) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"b", {.1, .2}}});
  results[1].mutable_setting()->set_num_train(77);
  ExpectInvalid(results, {"setting s", "method b", "num_train", "5000", "77"});
}

TEST(InvalidTest, DifferentNumbersOfTests) {
  ExpectInvalid(Methods({{"a", {.1, .2}}, {"b", {.1, .2, .3}}}), {"method b", "3 values", "2 in"});
}

TEST(InvalidTest, OkWithoutFiniteLds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}});
  Entry& entry = *results[0].mutable_entries(0);
  entry.mutable_lds()->set_value(nan);
  ExpectInvalid(results, {"method a", "LDS is nan"});
  entry.clear_lds();
  ExpectInvalid(results, {"method a", "LDS is missing"});
  entry.mutable_lds()->set_value(.2);
  entry.set_lds_per_test(1, nan);
  ExpectInvalid(results, {"method a", "lds_per_test[1] is nan"});
  entry.clear_lds_per_test();
  ExpectInvalid(results, {"method a", "lds_per_test has 0 values"});
}

}  // namespace
}  // namespace attribench
