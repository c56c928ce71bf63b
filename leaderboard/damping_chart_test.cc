// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/damping_chart.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

// LDS .1, .2, .4, .2, .1 at dampings 1e-2 ... 1e2.
MethodResult Curve() {
  MethodResult result = SampleResult("real", "sharp");
  const double lds[] = {.1, .2, .4, .2, .1};
  for (int i = 0; i < 5; ++i) {
    GridPoint* point = result.add_grid();
    point->set_damping(std::pow(10, i - 2));
    point->set_absolute_damping(std::pow(10, i - 2));
    point->set_damping_unit("RELATIVE_TO_MEAN_EIGENVALUE");
    (*point->mutable_metrics())["lds"] = lds[i];
  }
  const auto add = [&](const char* tuner, TunerKindRecord kind, double damping,
                       double retrainings) {
    Entry entry = SampleEntry(tuner, {.1, .2});
    entry.set_tuner_kind(kind);
    entry.set_absolute_damping(damping);
    entry.mutable_tuning_cost()->set_retrainings(retrainings);
    *result.add_entries() = entry;
  };
  add("a_constant", FIXED_VALUE, .1, 0);
  add("a_search", SEARCH, 100, 2);
  add("a_longer_search", SEARCH, 1, 5);
  add("a_selector", SELECTOR, 2, 0);
  return result;
}

TEST(DampingChartTest, BarsAreProportionalAndChoicesMarked) {
  const auto chart = RenderDampingChart(Curve(), 5);
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(*chart,
            "```text\n"
            "   damping     LDS  sharp in real, damping as a multiple of the mean eigenvalue\n"
            "      0.01   0.100  ##########\n"
            "       0.1   0.200  ####################  <- a_constant\n"
            "         1   0.400  ########################################  <- a_longer_search, "
            "a_selector\n"
            "        10   0.200  ####################\n"
            "       100   0.100  ##########\n"
            "```\n");
}

TEST(DampingChartTest, FewRowsAreEquallySpaced) {
  const auto chart = RenderDampingChart(Curve(), 3);
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_THAT(*chart, HasSubstr("      0.01 "));
  EXPECT_THAT(*chart, HasSubstr("         1 "));
  EXPECT_THAT(*chart, HasSubstr("       100 "));
  EXPECT_THAT(*chart, testing::Not(HasSubstr("        10 ")));
}

TEST(DampingChartTest, ReplacesWhatIsBetweenTheMarkers) {
  const std::string begin = "<!-- chart: begin, real sharp -->\n", end = "<!-- chart: end -->\n";
  const auto text = ReplaceDampingChart("above\n" + begin + "old\n" + end + "below\n", {Curve()});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "above\n" + begin + *RenderDampingChart(Curve(), 8) + end + "below\n");
  EXPECT_EQ(*ReplaceDampingChart(*text, {Curve()}), *text);
  EXPECT_EQ(ReplaceDampingChart(begin, {Curve()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      ReplaceDampingChart("<!-- chart: begin, real blunt -->\n" + end, {Curve()}).status().code(),
      absl::StatusCode::kNotFound);
}

TEST(DampingChartTest, WithoutAGridThereIsNoChart) {
  EXPECT_EQ(RenderDampingChart(SampleResult("real", "blunt"), 5).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace attribench
