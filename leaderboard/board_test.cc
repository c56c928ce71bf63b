// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/board.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

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
    AddEntry(SampleEntry("default", lds), results.back());
  }
  return results;
}

MetricFacts& Ranking(MethodResult& result) { return *result.mutable_setting()->mutable_metrics(0); }

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

TEST(RankTest, EqualValuesTie) {
  const auto board = MakeBoard(
      Methods({{"a", Wave(50, .3, .2)}, {"twin", Wave(50, .3, .2)}, {"worse", Wave(50, .1, .2)}}));
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows,
              ElementsAre(IsRow("a", 1, 2), IsRow("twin", 1, 2), IsRow("worse", 3, 3)));
}

// A method's first row is what tables show of it.
TEST(RankTest, OfEqualTunersTheCheapestComesFirst) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .3, .2)}});
  for (const auto& [tuner, flops] : {std::pair("cheap", 5.0), std::pair("a_search", 7.0)}) {
    AddEntry(SampleEntry(tuner, Wave(50, .3, .2)), results[0]);
    Charge(1, 1, flops, results[0].mutable_entries(results[0].entries_size() - 1));
  }
  Charge(1, 1, 9, results[0].mutable_entries(0));
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->rows.size(), 3);
  EXPECT_EQ(board->rows[0].entry.tuner(), "cheap");
  EXPECT_EQ(board->rows[1].entry.tuner(), "a_search");
  EXPECT_EQ(board->rows[2].entry.tuner(), "default");
}

// Every test is better by .01. This is far below the spread between tests, so only a paired
// comparison sees it.
TEST(RankTest, ComparisonIsPaired) {
  const auto board =
      MakeBoard(Methods({{"worse", Wave(50, .30, .5)}, {"better", Wave(50, .31, .5)}}));
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("better", 1, 1), IsRow("worse", 2, 2)));
}

// k of 100 tests are better and the others are equal. A resample without any of the k has a
// difference of zero. The share of such resamples is .97^100 = 4.8% for k = 3 and .95^100 = .6% for
// k = 5, with standard errors of .5% and .2% in 2000 resamples. These two shares lie on either side
// of 2.5%.
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

// `first` is better than `last` in six tests. `middle` is better than `last` in only three of the
// six, and worse than `first` in the other three. So it ties with both.
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
  *timeout.add_metrics() = Lds(*results[1].mutable_entries(0));
  timeout.set_message("after 60 s");
  *results[1].add_entries() = timeout;
  *results[0].add_entries() = Failed("broken", SINGULAR);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows,
              ElementsAre(IsRow("b", 1, 1), IsRow("a", 2, 2), IsRow("a", 4, 4), IsRow("b", 4, 4)));
  EXPECT_EQ(board->rows[3].entry.message(), "after 60 s");
  EXPECT_THAT(board->rows[3].entry.metrics(), IsEmpty());
  ASSERT_EQ(board->rows[3].metrics.size(), 1);
  EXPECT_EQ(board->rows[3].metrics[0].facts.name(), "lds");
  EXPECT_FALSE(board->rows[3].metrics[0].estimate.has_value());
  EXPECT_EQ(board->rows[3].metrics[0].ceiling_share, std::nullopt);
}

TEST(RankTest, EachSettingHasItsOwn) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .1, .1)}});
  results.push_back(SampleResult("r", "b"));
  AddEntry(SampleEntry("default", {.5, .6}), results.back());
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
    EXPECT_EQ(again->headlines[i].selector, board->headlines[i].selector);
    EXPECT_EQ(again->headlines[i].share_low, board->headlines[i].share_low);
  }
}

TEST(BoardTest, CeilingShareAndOracle) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .3}}});
  (*results[0].mutable_oracle())["lds"] = .25;
  auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows[0].metrics[0].ceiling_share,
              Optional(testing::DoubleEq(.25)));  // .2 / .8
  EXPECT_THAT(board->rows[0].metrics[0].oracle, Optional(.25));
  Ranking(results[0]).mutable_ceiling()->set_value(0);
  results[0].clear_oracle();
  board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_EQ(board->rows[0].metrics[0].ceiling_share, std::nullopt);
  EXPECT_EQ(board->rows[0].metrics[0].oracle, std::nullopt);
}

// The same values as a score and as an error rate: the order turns around, and an error rate has no
// share of a ceiling.
TEST(BoardTest, LowerIsBetterRanksTheOtherWay) {
  std::vector<MethodResult> results =
      Methods({{"a", Wave(50, .1, .2)}, {"b", Wave(50, .3, .2)}, {"twin", Wave(50, .3, .2)}});
  for (MethodResult& result : results) Ranking(result).set_direction(LOWER_IS_BETTER);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 1, 1), IsRow("b", 2, 3), IsRow("twin", 2, 3)));
  EXPECT_EQ(board->rows[0].metrics[0].ceiling_share, std::nullopt);
}

TEST(BoardTest, OtherMetricsMayBeMissingAndDoNotRank) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .3, .2)}, {"b", Wave(50, .1, .2)}});
  for (MethodResult& result : results) {
    MetricFacts& auc = *result.mutable_setting()->add_metrics();
    auc.set_name("auc");
    auc.mutable_ceiling()->set_value(1);
  }
  MetricValue& auc = *results[1].mutable_entries(0)->add_metrics();
  auc.set_name("auc");
  auc.mutable_estimate()->set_value(.9);
  auc.mutable_estimate()->set_high(1);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 1, 1), IsRow("b", 2, 2)));
  for (const Row& row : board->rows) {
    ASSERT_EQ(row.metrics.size(), 2);
    EXPECT_EQ(row.metrics[0].facts.name(), "lds");
    EXPECT_EQ(row.metrics[1].facts.name(), "auc");
  }
  EXPECT_FALSE(board->rows[0].metrics[1].estimate.has_value());
  ASSERT_TRUE(board->rows[1].metrics[1].estimate.has_value());
  EXPECT_EQ(board->rows[1].metrics[1].estimate->value(), .9);
  EXPECT_THAT(board->rows[1].metrics[1].ceiling_share, Optional(.9));
}

// Results from before a metric was added stand beside later ones.
TEST(BoardTest, ResultsMayStateDifferentMetricsAfterTheFirst) {
  std::vector<MethodResult> results = Methods({{"a", Wave(50, .3, .2)}, {"b", Wave(50, .1, .2)}});
  const auto add = [&](int i, const char* name, double value) {
    results[i].mutable_setting()->add_metrics()->set_name(name);
    MetricValue& metric = *results[i].mutable_entries(0)->add_metrics();
    metric.set_name(name);
    metric.mutable_estimate()->set_value(value);
    metric.mutable_estimate()->set_high(1);
  };
  add(0, "zeta", .7);
  add(1, "auc", .9);
  for (int order = 0; order < 2; ++order) {
    std::swap(results[0], results[1]);
    const auto board = MakeBoard(results);
    ASSERT_TRUE(board.ok()) << board.status();
    ASSERT_EQ(board->settings[0].metrics_size(), 3);
    EXPECT_EQ(board->settings[0].metrics(1).name(), "auc");
    EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 1, 1), IsRow("b", 2, 2)));
    for (const Row& row : board->rows) ASSERT_EQ(row.metrics.size(), 3);
    EXPECT_FALSE(board->rows[0].metrics[1].estimate.has_value());
    EXPECT_EQ(board->rows[0].metrics[2].estimate->value(), .7);
    EXPECT_EQ(board->rows[1].metrics[1].estimate->value(), .9);
  }
}

// Effects of subsets that are as large as the difference make it uncertain.
TEST(ResolutionTest, EffectsOfSubsetsCount) {
  std::vector<MethodResult> results =
      Methods({{"a", Wave(50, .33, .01)}, {"b", Wave(50, .30, .01)}});
  auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 1, 1), IsRow("b", 2, 2)));
  EXPECT_EQ(board->resolutions.at("s").pairs_told_apart, 1);
  // A mean of 50 effects of +-.2 has the standard deviation .2 / sqrt(49) = .029.
  MetricValue& lds = Lds(*results[0].mutable_entries(0));
  for (int s = 0; s < 50; ++s) lds.set_per_subset(s, s % 2 == 0 ? .2 : -.2);
  board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 1, 2), IsRow("b", 1, 2)));
  const Resolution& resolution = board->resolutions.at("s");
  EXPECT_EQ(resolution.pairs, 1);
  EXPECT_EQ(resolution.pairs_told_apart, 0);
  EXPECT_THAT(resolution.floor, Optional(testing::DoubleNear(1.96 * .029, .006)));
  EXPECT_EQ(resolution.not_ranked, "");
}

// 1.96 x .6 / 7 = .17 is above the largest floor.
TEST(ResolutionTest, ASettingThatSettlesNothingIsNotRanked) {
  std::vector<MethodResult> results =
      Methods({{"a", Wave(50, .33, .01)}, {"b", Wave(50, .30, .01)}});
  AddEntry(SampleEntry("rule", Wave(50, .32, .01), SELECTOR), results[0]);
  MetricValue& lds = Lds(*results[0].mutable_entries(0));
  for (int s = 0; s < 50; ++s) lds.set_per_subset(s, s % 2 == 0 ? .6 : -.6);
  *Lds(*results[0].mutable_entries(1)).mutable_per_subset() = lds.per_subset();
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 0, 0), IsRow("a", 0, 0), IsRow("b", 0, 0)));
  EXPECT_TRUE(board->headlines.empty());
  EXPECT_THAT(board->resolutions.at("s").not_ranked, HasSubstr("tell only differences above 0.1"));
}

TEST(ResolutionTest, ResultsWithoutEffectsAreNotRanked) {
  std::vector<MethodResult> results =
      Methods({{"a", Wave(50, .33, .01)}, {"b", Wave(50, .30, .01)}});
  Lds(*results[1].mutable_entries(0)).clear_per_subset();
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_THAT(board->rows, ElementsAre(IsRow("a", 0, 0), IsRow("b", 0, 0)));
  EXPECT_THAT(board->resolutions.at("s").not_ranked, HasSubstr("run the methods again"));
}

// Fixed rules that choose the same damping make one row; a search that does keeps its own.
TEST(BoardTest, FixedRulesWithTheSameDampingShareARow) {
  std::vector<MethodResult> results = {SampleResult("s", "m")};
  const auto add = [&](const char* tuner, TunerKindRecord kind, double damping) {
    AddEntry(SampleEntry(tuner, {.1, .2}, kind), results[0]).set_absolute_damping(damping);
  };
  add("mean", FIXED_VALUE, .1);
  add("default", FIXED_VALUE, .1 * (1 + 1e-12));
  add("other", FIXED_VALUE, .2);
  add("search", SEARCH, .1);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->rows.size(), 3);
  EXPECT_THAT(board->rows[0].tuners, ElementsAre("default", "mean"));
  EXPECT_EQ(board->rows[0].entry.tuner(), "default");
  EXPECT_THAT(board->rows[1].tuners, ElementsAre("other"));
  EXPECT_THAT(board->rows[2].tuners, ElementsAre("search"));
}

// A choice that another tuner made is in that tuner's row. Where that one failed, it has its own.
TEST(BoardTest, AChoiceThatAnotherTunerMadeIsInItsRow) {
  std::vector<MethodResult> results = {SampleResult("s", "m")};
  const auto add = [&](const char* tuner, TunerKindRecord kind, const char* chosen_by) {
    Entry& entry = AddEntry(SampleEntry(tuner, {.1, .2}, kind), results[0]);
    entry.set_absolute_damping(.1);
    entry.set_chosen_by(chosen_by);
  };
  add("default", SELECTOR, "selector");
  add("mean", FIXED_VALUE, "");
  add("selector", SELECTOR, "");
  add("standard", SELECTOR, "not_there");
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  std::vector<std::vector<std::string>> tuners;
  for (const Row& row : board->rows) tuners.push_back(row.tuners);
  EXPECT_THAT(tuners, UnorderedElementsAre(ElementsAre("selector", "default"), ElementsAre("mean"),
                                           ElementsAre("standard")));
}

TEST(BoardTest, MarksTheEdgesOfTheGrid) {
  std::vector<MethodResult> results = {SampleResult("s", "m")};
  for (const auto& [damping, lds] : {std::make_pair(1., .1), {2., .2}, {3., .3}}) {
    GridPoint& point = *results[0].add_grid();
    point.set_absolute_damping(damping);
    (*point.mutable_metrics())["lds"] = lds;
  }
  (*results[0].mutable_oracle())["lds"] = .3;
  AddEntry(SampleEntry("at_edge", {.3, .3}, SEARCH), results[0]).set_absolute_damping(1);
  AddEntry(SampleEntry("inside", {.2, .2}, SEARCH), results[0]).set_absolute_damping(2);
  AddEntry(SampleEntry("fixed", {.1, .1}), results[0]).set_absolute_damping(3);
  auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->rows.size(), 3);
  EXPECT_TRUE(board->rows[0].damping_at_edge);
  EXPECT_FALSE(board->rows[1].damping_at_edge);
  EXPECT_FALSE(board->rows[2].damping_at_edge) << "it did not search";
  EXPECT_TRUE(board->rows[0].metrics[0].oracle_at_edge);
  (*results[0].mutable_oracle())["lds"] = .2;
  board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_FALSE(board->rows[0].metrics[0].oracle_at_edge);
}

class HeadlineTest : public testing::Test {
 protected:
  HeadlineTest() : results_({SampleResult("s", "m")}) {
    Add("grid_search_100", SEARCH, .40, 100, 200, 1e12);
    Add("grid_search_5", SEARCH, .30, 5, 10, 5e10);
    Add("grid_search_20", SEARCH, .39, 20, 40, 2e11);
    Add("default", FIXED_VALUE, .50, 0, 0, 0);
    selector_ = Add("by_rule", SELECTOR, .38, 0, 1, 5e9);
  }

  Entry* Add(const std::string& tuner, TunerKindRecord kind, double lds, double retrainings,
             double cpu_seconds, double flops) {
    Entry* entry = &AddEntry(SampleEntry(tuner, std::vector<double>(8, lds), kind), results_[0]);
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
  EXPECT_EQ(headline.selector, "by_rule");
  EXPECT_EQ(headline.search, "grid_search_100");
  EXPECT_EQ(headline.metric, "lds");
  EXPECT_THAT(headline.selector_value, Optional(testing::DoubleEq(.38)));
  EXPECT_THAT(headline.search_value, Optional(testing::DoubleEq(.40)));
  EXPECT_THAT(headline.search_retrainings, Optional(100));
  EXPECT_THAT(headline.share, Optional(testing::DoubleEq(.95)));
  EXPECT_THAT(headline.share_low, Optional(testing::DoubleNear(.95, 1e-12)));
  EXPECT_THAT(headline.share_high, Optional(testing::DoubleNear(.95, 1e-12)));
  EXPECT_THAT(headline.cost_share, Optional(testing::DoubleEq(.005)));
  EXPECT_THAT(headline.flops_share, Optional(testing::DoubleEq(.005)));
  EXPECT_THAT(headline.selector_retrainings, Optional(0));
  EXPECT_THAT(headline.retrainings_to_match, Optional(20));
}

// The selector's LDS is .28 in half of 100 tests and .48 in the others; grid search's is .4. So the
// standard error of the share is .1 / sqrt(100) / .4 = .025, and half the interval's width is 1.96
// times that. An end found in 2000 resamples has a standard error of
// sqrt(.025 * .975 / 2000) / .0584 * .025 = .0015. Resampled shares lie .005 apart.
TEST_F(HeadlineTest, IntervalOfShareHasTheWidthOfItsStandardError) {
  for (Entry& entry : *results_[0].mutable_entries()) {
    const double lds = Lds(entry).estimate().value();
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) {
      values.push_back(&entry == selector_ ? lds + (i % 2 == 0 ? .1 : -.1) : lds);
    }
    SetLds(values, entry);
  }
  results_[0].mutable_setting()->set_num_reporting_tests(100);
  const Headline headline = Only();
  EXPECT_THAT(headline.share_low, Optional(testing::DoubleNear(.95 - .049, .0125)));
  EXPECT_THAT(headline.share_high, Optional(testing::DoubleNear(.95 + .049, .0125)));
}

TEST_F(HeadlineTest, EqualLdsMatchesAndClearlyHigherThanAllDoesNot) {
  SetLds(std::vector<double>(8, .30), *selector_);
  EXPECT_THAT(Only().retrainings_to_match, Optional(5));
  SetLds(std::vector<double>(8, .41), *selector_);
  EXPECT_EQ(Only().retrainings_to_match, std::nullopt);
}

// What another kind of search spends says nothing of grid search.
TEST_F(HeadlineTest, OnlySearchesOfTheFamilyOfTheLargestMatch) {
  Entry other = *Grid(0);
  other.set_tuner("half_models_3");
  other.mutable_tuning_cost()->set_retrainings(3);
  SetLds(std::vector<double>(8, .39), other);
  AddEntry(other, results_[0]);
  selector_ = nullptr;  // adding an entry may have moved it
  EXPECT_THAT(Only().retrainings_to_match, Optional(20));
}

// The selector is higher on average, but only because of one test example. Resamples without this
// example are equal.
TEST_F(HeadlineTest, NotClearlyWorseMatches) {
  SetLds({.9, .38, .38, .38, .38, .38, .38, .38}, *selector_);
  EXPECT_THAT(Only().retrainings_to_match, Optional(20));
}

TEST_F(HeadlineTest, FailedGridSearchIsPassedOver) {
  *Grid(0) = Failed("grid_search_100", TIMEOUT);
  EXPECT_EQ(Only().search, "grid_search_20");
}

// Names do not count: the kind and the retrainings do.
TEST_F(HeadlineTest, OnlySearchesWithRetrainingsCount) {
  Grid(0)->clear_tuning_cost();
  Grid(1)->set_tuner("any_name");
  Charge(0, 40, 2e11, Grid(2));
  EXPECT_EQ(Only().search, "any_name");
  EXPECT_THAT(Only().search_retrainings, Optional(5));
  Grid(1)->set_tuner_kind(FIXED_VALUE);
  EXPECT_EQ(Only().search, "");
}

TEST_F(HeadlineTest, EqualRetrainingsGoByName) {
  Add("a_search", SEARCH, .2, 100, 200, 1e12);
  EXPECT_EQ(Only().search, "a_search");
  std::reverse(results_[0].mutable_entries()->begin(), results_[0].mutable_entries()->end());
  EXPECT_EQ(Only().search, "a_search");
}

TEST_F(HeadlineTest, EverySelectorHasOne) {
  Add("another", SELECTOR, .20, 0, 2, 1e10);
  const auto board = MakeBoard(results_);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->headlines.size(), 2);
  EXPECT_EQ(board->headlines[0].selector, "another");
  EXPECT_THAT(board->headlines[0].share, Optional(testing::DoubleEq(.5)));
  EXPECT_THAT(board->headlines[0].retrainings_to_match, Optional(5));
  EXPECT_EQ(board->headlines[1].selector, "by_rule");
  EXPECT_THAT(board->headlines[1].share, Optional(testing::DoubleEq(.95)));
  EXPECT_THAT(board->headlines[1].retrainings_to_match, Optional(20));
}

// By hand: the selector's error of .38 is better than .39 and .40, and worse than .30.
TEST_F(HeadlineTest, LowerIsBetter) {
  Ranking(results_[0]).set_direction(LOWER_IS_BETTER);
  const Headline headline = Only();
  EXPECT_THAT(headline.share, Optional(testing::DoubleEq(.40 / .38)));
  EXPECT_THAT(headline.share_low, Optional(testing::DoubleNear(.40 / .38, 1e-12)));
  EXPECT_THAT(headline.retrainings_to_match, Optional(5));
  EXPECT_THAT(headline.cost_share, Optional(testing::DoubleEq(.005)));
}

TEST(HeadlineOrderTest, MethodsAsInTheRows) {
  std::vector<MethodResult> results = {SampleResult("s", "a"), SampleResult("s", "b")};
  AddEntry(SampleEntry("rule", {.1, .1}, SELECTOR), results[0]);
  AddEntry(SampleEntry("rule", {.3, .3}, SELECTOR), results[1]);
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->headlines.size(), 2);
  EXPECT_EQ(board->headlines[0].method, "b");
  EXPECT_EQ(board->headlines[1].method, "a");
}

TEST_F(HeadlineTest, WithoutGridSearchThereIsNoShare) {
  for (int i = 0; i < 3; ++i) Grid(i)->set_status(TIMEOUT);
  const Headline headline = Only();
  EXPECT_EQ(headline.search, "");
  EXPECT_EQ(headline.share, std::nullopt);
  EXPECT_EQ(headline.cost_share, std::nullopt);
  EXPECT_EQ(headline.retrainings_to_match, std::nullopt);
}

TEST_F(HeadlineTest, GridSearchOfAnotherMethodDoesNotCount) {
  MethodResult other = SampleResult("s", "other");
  AddEntry(SampleEntry("grid_search_500", std::vector<double>(8, .7), SEARCH), other);
  Charge(500, 1000, 1e13, other.mutable_entries(0));
  results_.push_back(other);
  EXPECT_EQ(Only().search, "grid_search_100");
}

TEST_F(HeadlineTest, NoShareOfZero) {
  SetLds(std::vector<double>(8, 0), *Grid(0));
  Charge(100, 0, 0, Grid(0));
  const Headline headline = Only();
  EXPECT_EQ(headline.search, "grid_search_100");
  EXPECT_EQ(headline.share, std::nullopt);
  EXPECT_EQ(headline.share_low, std::nullopt);
  EXPECT_EQ(headline.share_high, std::nullopt);
  EXPECT_EQ(headline.cost_share, std::nullopt);
  EXPECT_EQ(headline.flops_share, std::nullopt);
}

TEST_F(HeadlineTest, NoShareOfTheCpuSecondsOfAGpu) {
  results_[0].mutable_machine()->set_device("NVIDIA H200");
  const Headline headline = Only();
  EXPECT_EQ(headline.cost_share, std::nullopt);
  EXPECT_THAT(headline.flops_share, Optional(testing::DoubleEq(.005)));
}

TEST_F(HeadlineTest, NoShareOfAMissingCost) {
  selector_->clear_tuning_cost();
  const Headline headline = Only();
  EXPECT_EQ(headline.cost_share, std::nullopt);
  EXPECT_EQ(headline.flops_share, std::nullopt);
  EXPECT_EQ(headline.selector_retrainings, std::nullopt);
  EXPECT_THAT(headline.share, Optional(testing::DoubleEq(.95)));
}

// Grid search's mean over 8 tests is positive. Resamples that draw the negative test often have a
// negative mean.
TEST_F(HeadlineTest, NoIntervalIfSomeResamplesAreNotPositive) {
  SetLds({-1.6, .4, .4, .4, .4, .4, .4, .4}, *Grid(0));
  const Headline headline = Only();
  EXPECT_THAT(headline.share, Optional(testing::DoubleEq(.38 / .15)));
  EXPECT_EQ(headline.share_low, std::nullopt);
  EXPECT_EQ(headline.share_high, std::nullopt);
}

TEST_F(HeadlineTest, NoneWithoutDamping) {
  results_[0].set_damped(false);
  const auto board = MakeBoard(results_);
  ASSERT_TRUE(board.ok()) << board.status();
  EXPECT_TRUE(board->headlines.empty());
}

// A method that cannot be compared still counts, with the reason.
TEST_F(HeadlineTest, SaysWhyThereIsNoShare) {
  EXPECT_EQ(Only().no_share, "");
  SetLds(std::vector<double>(8, -.1), *Grid(0));
  EXPECT_EQ(Only().no_share, "grid search's value is not positive");
  for (int i = 0; i < 3; ++i) Grid(i)->set_status(TIMEOUT);
  EXPECT_EQ(Only().no_share, "grid search failed");
  selector_->set_status(REFUSED);
  EXPECT_EQ(Only().no_share, "the selector failed");
  EXPECT_EQ(Only().selector_value, std::nullopt);
  selector_->set_status(OK);
  for (int i = 0; i < 3; ++i) Grid(i)->set_tuner_kind(FIXED_VALUE);
  EXPECT_EQ(Only().no_share, "there is no grid search");
}

void ExpectInvalid(const std::vector<MethodResult>& results,
                   const std::vector<std::string>& words) {
  const auto board = MakeBoard(results);
  ASSERT_EQ(board.status().code(), absl::StatusCode::kInvalidArgument);
  for (const std::string& word : words) {
    EXPECT_THAT(std::string(board.status().message()), HasSubstr(word));
  }
}

TEST(MethodsTest, HoldTheCurveAndTheOriginOfEachMethod) {
  std::vector<MethodResult> results = Methods({{"b", {.1, .2}}, {"a", {.1, .2}}});
  GridPoint& point = *results[0].add_grid();
  point.set_damping(.1);
  (*point.mutable_metrics())["lds"] = .35;
  (*point.mutable_intervals())["lds"].set_low(.3);
  (*point.mutable_intervals())["lds"].set_high(.4);
  for (MethodResult& result : results) {
    result.mutable_provenance()->set_program_version(result.method());
  }
  const auto board = MakeBoard(results);
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->methods.size(), 2);
  EXPECT_EQ(board->methods[0].method, "a");
  EXPECT_TRUE(board->methods[0].curve.empty());
  EXPECT_EQ(board->methods[1].setting, "s");
  EXPECT_EQ(board->methods[1].provenance.program_version(), "b");
  ASSERT_EQ(board->methods[1].curve.size(), 1);
  EXPECT_EQ(board->methods[1].curve[0].intervals().at("lds").low(), .3);
}

TEST(SummariesTest, OneForEachSelectorOfASetting) {
  const auto board = MakeBoard(SampleResults());
  ASSERT_TRUE(board.ok()) << board.status();
  ASSERT_EQ(board->summaries.size(), 2);
  for (const SelectorSummary& summary : board->summaries) {
    EXPECT_EQ(summary.selector, kSampleSelector);
    EXPECT_EQ(summary.num_compared, 1);
    const auto same =
        std::find_if(board->headlines.begin(), board->headlines.end(),
                     [&](const Headline& headline) { return headline.setting == summary.setting; });
    ASSERT_NE(same, board->headlines.end());
    EXPECT_EQ(summary.worst_method, same->method);
    EXPECT_EQ(summary.median_share, same->share);
    EXPECT_EQ(summary.median_share_low, same->share_low) << "of one method";
    EXPECT_EQ(summary.median_share_high, same->share_high);
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

TEST(InvalidTest, ContradictoryFactsOfALaterMetric) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"b", {.1, .2}}});
  for (MethodResult& result : results) result.mutable_setting()->add_metrics()->set_name("auc");
  ASSERT_TRUE(MakeBoard(results).ok());
  results[1].mutable_setting()->mutable_metrics(1)->set_unit("model");
  ExpectInvalid(results, {"method b", "facts differ", "model"});
}

TEST(InvalidTest, ACeilingIsTheSameUpToRounding) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"b", {.1, .2}}});
  for (MethodResult& result : results) {
    result.mutable_setting()->mutable_metrics(0)->mutable_ceiling()->set_value(.97);
  }
  Interval& ceiling = *results[1].mutable_setting()->mutable_metrics(0)->mutable_ceiling();
  ceiling.set_value(.97 + 1e-14);
  EXPECT_TRUE(MakeBoard(results).ok()) << MakeBoard(results).status();
  ceiling.set_value(.97 + 1e-6);
  ExpectInvalid(results, {"method b", "facts differ", "ceiling"});
}

TEST(InvalidTest, AnotherFirstMetric) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"b", {.1, .2}}});
  results[1].mutable_setting()->mutable_metrics(0)->set_name("auc");
  results[1].mutable_entries(0)->mutable_metrics(0)->set_name("auc");
  ExpectInvalid(results, {"method b", "another first metric"});
}

TEST(InvalidTest, DifferentNumbersOfTests) {
  ExpectInvalid(Methods({{"a", {.1, .2}}, {"b", {.1, .2, .3}}}),
                {"method b", "facts differ", "num_reporting_tests: 2 -> 3"});
}

TEST(InvalidTest, ResultsOfDifferentFiles) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"b", {.1, .2}}});
  for (MethodResult& result : results) {
    result.mutable_provenance()->set_data_digest(std::string(64, 'd'));
    result.mutable_provenance()->set_program_version(result.method());  // may differ
  }
  ASSERT_TRUE(MakeBoard(results).ok()) << MakeBoard(results).status();
  results[1].mutable_provenance()->set_data_digest(std::string(64, 'e'));
  ExpectInvalid(results, {"setting s, method b: data digest eeee", "but dddd", "in a"});
  results[1].clear_provenance();
  ExpectInvalid(results, {"setting s, method b: data digest none"});
}

TEST(InvalidTest, TheFileIsNamed) {
  std::vector<MethodResult> results = Methods({{"a", {.1, .2}}, {"a", {.1, .2}}});
  EXPECT_THAT(
      std::string(
          MakeBoard({{"x.textproto", results[0]}, {"y.textproto", results[1]}}).status().message()),
      AllOf(HasSubstr("y.textproto: "), HasSubstr("the other is in x.textproto")));
  Lds(*results[0].mutable_entries(0)).mutable_estimate()->set_value(5);
  EXPECT_THAT(
      std::string(
          MakeBoard(std::vector<ResultFile>{{"x.textproto", results[0]}}).status().message()),
      HasSubstr("x.textproto: setting s, method a, tuner default: lds of 5"));
}

}  // namespace
}  // namespace attribench
