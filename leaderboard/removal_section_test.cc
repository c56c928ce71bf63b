// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/removal_section.h"

#include "gtest/gtest.h"

namespace attribench {
namespace {

RemovalPoint Point(const std::string& tuner, const std::string& damping, double fall) {
  RemovalPoint point;
  point.add_tuners(tuner);
  point.set_damping(damping);
  point.set_lds(.25);
  point.mutable_fall()->set_value(fall);
  point.mutable_fall()->set_low(fall - 1);
  point.mutable_fall()->set_high(fall + 1);
  for (const double share : {.01, .2}) {
    point.add_fall_per_test(fall);
    point.add_smallest_flip(share == .01 ? 0 : .2);
    RemovalStep& step = *point.add_steps();
    step.set_share(share);
    step.mutable_fall()->set_value(fall * share);
  }
  return point;
}

MethodRemoval Study(const std::string& setting, const std::string& method) {
  MethodRemoval study;
  study.mutable_setting()->set_name(setting);
  study.set_method(method);
  return study;
}

TEST(RemovalSectionTest, NothingWithoutStudies) { EXPECT_EQ(RenderRemovals({}), ""); }

TEST(RemovalSectionTest, ATableForEachSettingAndWhatTunersGain) {
  MethodRemoval a = Study("made_up", "a"), b = Study("made_up", "b|c"), other = Study("real", "a");
  a.mutable_setting()->set_synthetic(true);
  *a.add_points() = Point("mean_eigenvalue", "0.1", 2);
  *a.add_points() = Point("held_out", "1", 3);
  *b.add_points() = Point("default", "", 4);
  RemovalPoint& failed = *b.add_points();
  failed.add_tuners("held_out");
  failed.set_status(SINGULAR);
  failed.set_message("no\ninverse");
  *other.add_points() = Point("default", "", 1);
  const std::string section = RenderRemovals({a, b, other});
  EXPECT_EQ(section.find("\n## Removing helpful examples\n"), 0u);
  EXPECT_NE(
      section.find(
          "### made_up (SYNTHETIC)\n\n"
          "| method | tuners | damping | LDS | fall [95% interval] | fall at 1% / 20% | flipped |\n"
          "| :-- | :-- | --: | --: | --: | --: | --: |\n"
          "| `b\\|c` | `default` | - | 0.250 | 4.00 [3.00, 5.00] | 0.04 / 0.80 | 1 of 2 |\n"
          "| `b\\|c` | `held_out` | - | - | - | - | singular: no inverse |\n"
          "| `a` | `mean_eigenvalue` | 0.1 | 0.250 | 2.00 [1.00, 3.00] | 0.02 / 0.40 | 1 of 2 |\n"
          "| `a` | `held_out` | 1 | 0.250 | 3.00 [2.00, 4.00] | 0.03 / 0.60 | 1 of 2 |\n"
          "\n"),
      section.npos)
      << section;
  EXPECT_NE(
      section.find("\n- `held_out` against `mean_eigenvalue`, 1 method: +1.00 [+1.00, +1.00]\n"),
      section.npos)
      << section;
  EXPECT_NE(section.find("\n### real\n\n| method "), section.npos);
}

}  // namespace
}  // namespace attribench
