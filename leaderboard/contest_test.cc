// SPDX-License-Identifier: Apache-2.0
//
// What a contest claims, held against truths that are drawn. An entry's value is its true value
// plus the mean effect of the drawn subsets and the mean effect of the drawn test examples, as a
// metric's is. Part of each effect is common to all entries.
#include "leaderboard/contest.h"

#include <cmath>

#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "leaderboard/headline.h"

namespace attribench {
namespace {

Contestant Fixed(const std::string& method, double value, std::vector<double> tests) {
  return {method, value, {{0, 0}, std::move(tests)}};
}

TEST(ContestTest, TheSameEntryTwiceTies) {
  const std::vector<double> spread = {.3, -.1, -.2};
  const Contest contest({Fixed("a", .3, spread), Fixed("twin", .3, spread)}, HIGHER_IS_BETTER);
  for (const Rank& rank : contest.Ranks()) {
    EXPECT_EQ(rank.low, 1);
    EXPECT_EQ(rank.high, 2);
  }
  EXPECT_EQ(contest.PairsToldApart(), 0);
  EXPECT_FALSE(contest.ClearlyBetter(0, 1));
}

// Every test is better by .01. This is far below the spread between tests.
TEST(ContestTest, ComparesOnTheSameTestExamples) {
  const std::vector<double> spread = {.5, -.2, -.3};
  for (const Direction direction : {HIGHER_IS_BETTER, LOWER_IS_BETTER}) {
    const Contest contest({Fixed("a", .31, spread), Fixed("b", .30, spread)}, direction);
    const size_t better = direction == HIGHER_IS_BETTER ? 0 : 1;
    EXPECT_TRUE(contest.ClearlyBetter(better, 1 - better));
    EXPECT_FALSE(contest.ClearlyBetter(1 - better, better));
    EXPECT_EQ(contest.Ranks()[better].high, 1);
    EXPECT_EQ(contest.Ranks()[1 - better].low, 2);
  }
}

TEST(ContestTest, NoShareIfTheDenominatorMayBeZero) {
  const std::vector<double> wide = {.5, -.2, -.3};
  const Contest contest({Fixed("a", .2, {0, 0, 0}), Fixed("b", .1, wide)}, HIGHER_IS_BETTER);
  EXPECT_FALSE(contest.ShareInterval(0, 1).has_value());
  const auto share = contest.ShareInterval(1, 0);
  ASSERT_TRUE(share.has_value());
  EXPECT_LT(share->first, .5);
  EXPECT_GT(share->second, .5);
}

// Two entries of one method do not count. The difference of a and b has the effects (.1, -.1) of
// tests, whose mean has the standard deviation .1 sqrt(2) / sqrt(2) / ... by the stretch of two
// draws; twice the effects give twice the floor.
TEST(ContestTest, TheFloorIsThatOfPairsOfMethods) {
  const Contest one({Fixed("a", .2, {.1, -.1}), Fixed("a", .3, {0, 0})}, HIGHER_IS_BETTER);
  EXPECT_FALSE(one.ResolutionFloor().has_value());
  const Contest two({Fixed("a", .2, {.1, -.1}), Fixed("b", .3, {0, 0})}, HIGHER_IS_BETTER);
  const Contest twice({Fixed("a", .2, {.2, -.2}), Fixed("b", .3, {0, 0})}, HIGHER_IS_BETTER);
  ASSERT_TRUE(two.ResolutionFloor().has_value());
  EXPECT_GT(*two.ResolutionFloor(), 0);
  EXPECT_NEAR(*twice.ResolutionFloor(), 2 * *two.ResolutionFloor(), 1e-12);
}

TEST(ContestTest, TheMedianShareOfOnePairIsItsShare) {
  const Contest contest({Fixed("a", .2, {.02, -.02}), Fixed("b", .4, {.01, -.01})},
                        HIGHER_IS_BETTER);
  EXPECT_EQ(contest.MedianShareInterval({{0, 1}}), contest.ShareInterval(0, 1));
  EXPECT_FALSE(contest.MedianShareInterval({}).has_value());
  const Contest lower({Fixed("a", .2, {.02, -.02}), Fixed("b", .4, {.01, -.01})}, LOWER_IS_BETTER);
  EXPECT_EQ(lower.MedianShareInterval({{0, 1}}), lower.ShareInterval(0, 1));
}

// One draw of a setting: `truths` are the entries' true values.
std::vector<Contestant> Draw(const std::vector<double>& truths, int num_subsets, int num_tests,
                             RandomStream& stream) {
  const auto normals = [&](int n, double deviation) {
    std::vector<double> values(n);
    for (double& value : values) value = deviation * stream.Gaussian();
    return values;
  };
  const std::vector<double> common_subsets = normals(num_subsets, .2);
  const std::vector<double> common_tests = normals(num_tests, .3);
  const auto make = [](const std::vector<double>& common, std::vector<double> own, double* mean) {
    for (size_t i = 0; i < own.size(); ++i) own[i] += common[i];
    double sum = 0;
    for (const double value : own) sum += value;
    for (double& value : own) value -= sum / own.size();
    *mean = sum / own.size();
    return own;
  };
  std::vector<Contestant> contestants;
  for (size_t e = 0; e < truths.size(); ++e) {
    Contestant contestant;
    contestant.method = std::string(1, static_cast<char>('a' + e));
    double of_subsets, of_tests;
    contestant.effects.subsets = make(common_subsets, normals(num_subsets, .15), &of_subsets);
    contestant.effects.tests = make(common_tests, normals(num_tests, .2), &of_tests);
    contestant.value = truths[e] + of_subsets + of_tests;
    contestants.push_back(std::move(contestant));
  }
  return contestants;
}

struct Rates {
  double rank = 0;          // intervals of ranks that hold all places that the truth allows
  double share = 0;         // intervals of the share of entry 0 in entry 1 that hold the true share
  double median_share = 0;  // the same of the median of three such shares
  double tie = 0;           // entries 0 and 1 not told apart
  double clear = 0;         // entries 0 and 1 not clearly different in one planned comparison
};

Rates Simulate(const std::vector<double>& truths, int num_subsets, int num_tests) {
  constexpr int kDraws = 400;
  Rates rates;
  for (int draw = 0; draw < kDraws; ++draw) {
    RandomStream stream(draw, "contest", {truths.size(), static_cast<uint64_t>(num_subsets)});
    const Contest contest(Draw(truths, num_subsets, num_tests, stream), HIGHER_IS_BETTER);
    const std::vector<Rank> ranks = contest.Ranks();
    for (size_t e = 0; e < truths.size(); ++e) {
      int above = 0, below = 0;
      for (const double truth : truths) {
        above += truth > truths[e];
        below += truth < truths[e];
      }
      const bool holds =
          ranks[e].low <= 1 + above && ranks[e].high >= static_cast<int>(truths.size()) - below;
      rates.rank += holds ? 1. / kDraws / truths.size() : 0;
    }
    const auto share = contest.ShareInterval(0, 1);
    if (share.has_value() && share->first <= truths[0] / truths[1] &&
        truths[0] / truths[1] <= share->second) {
      rates.share += 1. / kDraws;
    }
    const auto median_share = contest.MedianShareInterval({{0, 1}, {2, 3}, {4, 5}});
    const double true_median =
        *Median({truths[0] / truths[1], truths[2] / truths[3], truths[4] / truths[5]});
    if (median_share.has_value() && median_share->first <= true_median &&
        true_median <= median_share->second) {
      rates.median_share += 1. / kDraws;
    }
    const bool above = ranks[0].high < ranks[1].low, below = ranks[1].high < ranks[0].low;
    rates.tie += above || below ? 0 : 1. / kDraws;
    rates.clear += contest.ClearlyBetter(0, 1) || contest.ClearlyBetter(1, 0) ? 0 : 1. / kDraws;
  }
  return rates;
}

// 400 draws know a rate of 95% to 1.1%. The bounds are 93 and 97% and two of these standard errors.
// Ranks of entries whose truths differ are held more often: their ranges are whole numbers, and an
// order that is certain is never wrong.
TEST(ContestTest, IntervalsHoldTheTruthAsOftenAsTheySay) {
  for (const int subsets : {25, 50}) {
    const Rates equal = Simulate(std::vector<double>(8, .4), subsets, 100);
    RecordProperty("equal_truths_rank_percent", static_cast<int>(100 * equal.rank));
    EXPECT_GE(equal.rank, .93 - .022) << subsets;
    EXPECT_GE(equal.tie, .95 - .022) << "two entries of equal truth, " << subsets;
    EXPECT_GE(equal.clear, .93 - .022) << subsets;
    EXPECT_LE(equal.clear, .97 + .022) << subsets;
    EXPECT_GE(equal.share, .93 - .022) << subsets;
    EXPECT_LE(equal.share, .97 + .022) << subsets;
    RecordProperty("equal_truths_median_share_percent", static_cast<int>(100 * equal.median_share));
    EXPECT_GE(equal.median_share, .93 - .022) << subsets;
    const Rates spread = Simulate({.30, .50, .35, .45, .40, .42, .55, .25}, subsets, 100);
    EXPECT_GE(spread.rank, .95) << subsets;
    EXPECT_GE(spread.share, .93 - .022) << subsets;
    EXPECT_LE(spread.share, .97 + .022) << subsets;
    EXPECT_GE(spread.median_share, .93 - .022) << subsets;
  }
}

}  // namespace
}  // namespace attribench
