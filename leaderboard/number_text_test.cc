// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/number_text.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

TEST(NumberTextTest, Scores) {
  EXPECT_EQ(ScoreText(.4814), "0.481");
  EXPECT_EQ(ScoreText(-.0004), "0.000");
  EXPECT_EQ(ScoreText(-.0006), "-0.001");
  EXPECT_EQ(ScoreText(std::optional<double>()), "-");
  Interval interval;
  interval.set_value(.1);
  interval.set_low(-.0001);
  interval.set_high(.25);
  EXPECT_EQ(ScoreText(interval), "0.100 [0.000, 0.250]");
}

TEST(NumberTextTest, Percentages) {
  EXPECT_EQ(PercentText(.9721), "97.2%");
  EXPECT_EQ(PercentText(-1e-9), "0.0%");
  EXPECT_EQ(PercentText(-.004), "-0.4%");
  EXPECT_EQ(PercentText(.972, .951, .99), "97.2% [95.1, 99.0]");
  EXPECT_EQ(PercentText(.972, std::nullopt, .99), "97.2%");
  EXPECT_EQ(PercentText(std::nullopt, .951, .99), "-");
}

TEST(NumberTextTest, SmallCostsKeepTwoDigits) {
  EXPECT_EQ(CostPercentText(.013), "1.3%");
  EXPECT_EQ(CostPercentText(.000123), "0.012%");
  EXPECT_EQ(CostPercentText(0.0), "0.0%");
  EXPECT_EQ(CostPercentText(std::optional<double>()), "-");
}

TEST(NumberTextTest, SecondsBytesCounts) {
  EXPECT_EQ(SecondsText(9.876), "9.88");
  EXPECT_EQ(SecondsText(987.65), "987.6");
  EXPECT_EQ(SecondsText(12345.6), "12346");
  EXPECT_EQ(BytesText(int64_t{412} << 20), "412 MiB");
  EXPECT_EQ(BytesText(int64_t{3} << 29), "1.50 GiB");
  EXPECT_EQ(CountText(int64_t{1234567}), "1,234,567");
  EXPECT_EQ(CountText(int64_t{-123}), "-123");
  EXPECT_EQ(CountText(1, "thread"), "1 thread");
  EXPECT_EQ(CountText(20, "retraining"), "20 retrainings");
}

}  // namespace
}  // namespace attribench
