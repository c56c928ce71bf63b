// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/result_check.h"

#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

MethodResult Good() {
  MethodResult result = SampleResult("s", "m");
  Entry entry = SampleEntry("default", {.1, .2, .3});
  *entry.mutable_tuning_cost() = CostRecord();
  result.mutable_setting()->set_num_reporting_tests(3);
  result.mutable_setting()->set_num_reporting_subsets(4);
  Lds(entry).clear_per_subset();
  for (const double effect : {.1, -.1, .2, -.2}) Lds(entry).add_per_subset(effect);
  *result.add_entries() = std::move(entry);
  return result;
}

TEST(ResultCheckTest, AGoodResultPasses) {
  EXPECT_TRUE(CheckResult(Good()).ok()) << CheckResult(Good());
  MethodResult older = Good();
  Lds(*older.mutable_entries(0)).clear_per_subset();
  EXPECT_TRUE(CheckResult(older).ok()) << CheckResult(older);
}

// Each fault by itself, and what the message must say.
struct Fault {
  const char* message;
  std::function<void(MethodResult&, Entry&)> make;
};

TEST(ResultCheckTest, EachFaultIsNamed) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Fault> faults = {
      {"states 0 metrics", [](MethodResult& r, Entry&) { r.mutable_setting()->clear_metrics(); }},
      {"has no entries", [](MethodResult& r, Entry&) { r.clear_entries(); }},
      {"oracle.lds is 2; it must be from -1 to 1",
       [](MethodResult& r, Entry&) { (*r.mutable_oracle())["lds"] = 2; }},
      {"grid[0].damping is nan", [=](MethodResult& r, Entry&) { r.add_grid()->set_damping(kNan); }},
      {"grid[0].lds is -3; it must be from -1 to 1",
       [](MethodResult& r, Entry&) { (*r.add_grid()->mutable_metrics())["lds"] = -3; }},
      {"grid[0].intervals.lds [0.3, 0.4] does not hold its value",
       [](MethodResult& r, Entry&) {
         GridPoint& point = *r.add_grid();
         (*point.mutable_metrics())["lds"] = .2;
         (*point.mutable_intervals())["lds"].set_low(.3);
         (*point.mutable_intervals())["lds"].set_high(.4);
       }},
      {"criterion[0] is nan at damping 0",
       [=](MethodResult&, Entry& e) { e.add_criterion()->set_value(kNan); }},
      {"entries[0] names no tuner", [](MethodResult&, Entry& e) { e.clear_tuner(); }},
      {"lds of 5; it must be from -1 to 1",
       [](MethodResult&, Entry& e) {
         Lds(e).mutable_estimate()->set_value(5);
         Lds(e).mutable_estimate()->set_high(6);
       }},
      {"lds of nan", [=](MethodResult&, Entry& e) { Lds(e).mutable_estimate()->set_value(kNan); }},
      {"lds has no estimate", [](MethodResult&, Entry& e) { Lds(e).clear_estimate(); }},
      {"outside of its interval [0.3, 0.4]",
       [](MethodResult&, Entry& e) {
         Lds(e).mutable_estimate()->set_low(.3);
         Lds(e).mutable_estimate()->set_high(.4);
       }},
      {"outside of its interval",
       [](MethodResult&, Entry& e) {
         Lds(e).mutable_estimate()->set_high(std::numeric_limits<double>::infinity());
       }},
      {"is not the mean of its per_unit values, 0.3",
       [](MethodResult&, Entry& e) { Lds(e).set_per_unit(0, .4); }},
      {"per_unit[1] of lds is nan", [=](MethodResult&, Entry& e) { Lds(e).set_per_unit(1, kNan); }},
      {"per_subset[2] of lds is nan",
       [=](MethodResult&, Entry& e) { Lds(e).set_per_subset(2, kNan); }},
      {"has 4 values, but the setting has 3 reporting test examples",
       [](MethodResult&, Entry& e) { Lds(e).add_per_unit(.2); }},
      {"has 5 values, but the setting has 4 reporting subsets",
       [](MethodResult&, Entry& e) { Lds(e).add_per_subset(0); }},
      {"the metric lds comes twice",
       [](MethodResult&, Entry& e) { *e.add_metrics() = MetricValue(Lds(e)); }},
      {"'auc' is not one of the setting's: lds",
       [](MethodResult&, Entry& e) { Lds(e).set_name("auc"); }},
      {"lds is missing", [](MethodResult&, Entry& e) { e.clear_metrics(); }},
      {"tuning_cost.cpu_seconds is -1",
       [](MethodResult&, Entry& e) { e.mutable_tuning_cost()->set_cpu_seconds(-1); }},
      {"phases.fit.flops is nan",
       [=](MethodResult&, Entry& e) { (*e.mutable_phases())["fit"].set_flops(kNan); }},
  };
  for (const Fault& fault : faults) {
    MethodResult result = Good();
    fault.make(result, *result.mutable_entries(0));
    const absl::Status status = CheckResult(result);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << fault.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(fault.message));
    EXPECT_THAT(std::string(status.message()), HasSubstr("setting s, method m"));
  }
}

// A failed entry has no numbers to check but its costs.
TEST(ResultCheckTest, AFailedEntryNeedsNoMetric) {
  MethodResult result = Good();
  result.mutable_entries(0)->set_status(SINGULAR);
  result.mutable_entries(0)->clear_metrics();
  EXPECT_TRUE(CheckResult(result).ok()) << CheckResult(result);
}

}  // namespace
}  // namespace attribench
