// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/regression.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MATCHER_P3(Moved, verdict, row, quantity, "") {
  *result_listener << arg.row << ": " << arg.quantity << " " << arg.change;
  return arg.verdict == verdict && arg.row == row && arg.quantity == quantity;
}

// One method with one entry: an LDS of .3 +- .2 on each of 100 test examples.
MethodResult Result(const std::string& method = "m") {
  MethodResult result;
  result.mutable_setting()->set_name("s");
  result.mutable_setting()->set_num_train(10);
  result.mutable_setting()->add_metrics()->set_name("lds");
  result.set_method(method);
  Entry* entry = result.add_entries();
  entry->set_tuner("default");
  MetricValue* lds = entry->add_metrics();
  lds->set_name("lds");
  for (int i = 0; i < 100; ++i) lds->add_per_unit(.3 + .2 * std::sin(i));
  lds->mutable_estimate()->set_value(.3);
  (*entry->mutable_hyperparameters())["damping"] = "1";
  (*entry->mutable_hyperparameters())["checkpoints"] = "1";
  entry->mutable_tuning_cost()->set_retrainings(50);
  entry->mutable_total_cost()->set_retrainings(51);
  entry->mutable_total_cost()->set_gradient_evaluations(1000);
  entry->mutable_total_cost()->set_flops(1e9);
  return result;
}

void Shift(double by, int every, MethodResult* result) {
  MetricValue* lds = result->mutable_entries(0)->mutable_metrics(0);
  for (int i = 0; i < 100; i += every) lds->set_per_unit(i, lds->per_unit(i) + by);
}

TEST(CompareResultsTest, SameIsSilent) {
  EXPECT_THAT(CompareResults({Result()}, {Result()}), IsEmpty());
  MethodResult elsewhere = Result();
  elsewhere.mutable_machine()->set_cpu_model("another");
  elsewhere.mutable_entries(0)->set_wall_seconds(99);
  elsewhere.mutable_entries(0)->mutable_total_cost()->set_cpu_seconds(99);
  EXPECT_THAT(CompareResults({Result()}, {elsewhere}), IsEmpty());
}

TEST(CompareResultsTest, OfSeveralSettingsEachIsNamed) {
  MethodResult other = Result(), worse = Result();
  Shift(-.02, 1, &worse);
  for (MethodResult* result : {&other, &worse}) result->mutable_setting()->set_name("t");
  EXPECT_THAT(CompareResults({Result(), other}, {Result(), worse}),
              ElementsAre(Moved(Verdict::kLoss, "t: m, default", "lds")));
}

// A difference of .02 on every test example, far below their spread, shows in pairs only.
TEST(CompareResultsTest, MetricsAreComparedInPairs) {
  MethodResult worse = Result();
  Shift(-.02, 1, &worse);
  EXPECT_THAT(CompareResults({Result()}, {worse}),
              ElementsAre(Moved(Verdict::kLoss, "m, default", "lds")));
  EXPECT_THAT(CompareResults({worse}, {Result()}),
              ElementsAre(Moved(Verdict::kGain, "m, default", "lds")));
}

// A difference that is clear but tiny is no loss. One that is large but on two of 100 test examples
// is not clear, and no loss either.
TEST(CompareResultsTest, LossIsBothClearAndLarge) {
  MethodResult tiny = Result(), rare = Result();
  Shift(-.004, 1, &tiny);
  Shift(-.4, 50, &rare);
  EXPECT_THAT(CompareResults({Result()}, {tiny}),
              ElementsAre(Moved(Verdict::kChanged, "m, default", "lds")));
  EXPECT_THAT(CompareResults({Result()}, {rare}),
              ElementsAre(Moved(Verdict::kChanged, "m, default", "lds")));
}

TEST(CompareResultsTest, TheDirectionOfAMetricCounts) {
  MethodResult before = Result();
  before.mutable_setting()->mutable_metrics(0)->set_direction(LOWER_IS_BETTER);
  MethodResult lower = before, tiny = before;
  Shift(-.02, 1, &lower);
  Shift(.004, 1, &tiny);
  EXPECT_THAT(CompareResults({before}, {lower}),
              ElementsAre(Moved(Verdict::kGain, "m, default", "lds")));
  EXPECT_THAT(CompareResults({lower}, {before}),
              ElementsAre(Moved(Verdict::kLoss, "m, default", "lds")));
  EXPECT_THAT(CompareResults({before}, {tiny}),
              ElementsAre(Moved(Verdict::kChanged, "m, default", "lds")));
}

// The setting has two metrics, of which some entries lack the second.
TEST(CompareResultsTest, EntriesMayLackAMetric) {
  MethodResult lacking = Result();
  lacking.mutable_setting()->add_metrics()->set_name("auc");
  MethodResult having = lacking;
  MetricValue* auc = having.mutable_entries(0)->add_metrics();
  auc->set_name("auc");
  auc->mutable_estimate()->set_value(.75);
  auc->add_per_unit(.75);
  EXPECT_THAT(CompareResults({lacking}, {lacking}), IsEmpty());
  EXPECT_THAT(CompareResults({having}, {having}), IsEmpty());
  const auto lost = CompareResults({having}, {lacking});
  ASSERT_THAT(lost, ElementsAre(Moved(Verdict::kLoss, "m, default", "auc")));
  EXPECT_EQ(lost[0].before, "0.750");
  EXPECT_EQ(lost[0].now, "none");
  EXPECT_THAT(CompareResults({lacking}, {having}),
              ElementsAre(Moved(Verdict::kAdded, "m, default", "auc")));
}

TEST(CompareResultsTest, AnotherNumberOfUnitsIsALoss) {
  MethodResult fewer = Result();
  fewer.mutable_entries(0)->mutable_metrics(0)->mutable_per_unit()->RemoveLast();
  const auto moved = CompareResults({Result()}, {fewer});
  ASSERT_THAT(moved, ElementsAre(Moved(Verdict::kLoss, "m, default", "lds")));
  EXPECT_EQ(moved[0].change, "has 99 values, had 100");
}

TEST(CompareResultsTest, CountsHaveNoMarginAndFlopsOnePercent) {
  MethodResult now = Result();
  CostRecord* cost = now.mutable_entries(0)->mutable_total_cost();
  cost->set_retrainings(52);
  cost->set_gradient_evaluations(999);
  cost->set_hessian_vector_products(1);
  cost->set_flops(1.009e9);
  now.mutable_entries(0)->mutable_tuning_cost()->set_retrainings(51);
  EXPECT_THAT(CompareResults({Result()}, {now}),
              ElementsAre(Moved(Verdict::kLoss, "m, default", "tuning retrainings"),
                          Moved(Verdict::kLoss, "m, default", "all retrainings"),
                          Moved(Verdict::kGain, "m, default", "all gradient evaluations"),
                          Moved(Verdict::kLoss, "m, default", "all Hessian-vector products"),
                          Moved(Verdict::kChanged, "m, default", "all flops")));
  now = Result();
  now.mutable_entries(0)->mutable_total_cost()->set_flops(1.02e9);
  EXPECT_THAT(CompareResults({Result()}, {now}),
              ElementsAre(Moved(Verdict::kLoss, "m, default", "all flops")));
}

TEST(CompareResultsTest, OtherFilesAreNamedAndNothingElseIsCompared) {
  MethodResult before = Result();
  before.mutable_provenance()->set_data_digest(std::string(64, 'a'));
  before.mutable_provenance()->set_ground_truth_digest(std::string(64, 'c'));
  MethodResult now = before;
  now.mutable_provenance()->set_data_digest(std::string(64, 'b'));
  now.mutable_setting()->set_num_train(11);
  Shift(-.02, 1, &now);
  MethodResult other_before = before, other_now = now;
  other_before.set_method("other");
  other_now.set_method("other");
  const auto moved = CompareResults({before, other_before}, {now, other_now});
  ASSERT_THAT(moved, ElementsAre(Moved(Verdict::kLoss, "s", "data digest")));
  EXPECT_EQ(moved[0].before, "aaaaaaaaaaaa..");
  EXPECT_EQ(moved[0].now, "bbbbbbbbbbbb..");
  EXPECT_EQ(moved[0].change, "measured on other files, so nothing is compared");
}

TEST(CompareResultsTest, AnotherBuildIsNamedAndCompared) {
  MethodResult before = Result();
  before.mutable_provenance()->set_program_version("old");
  before.mutable_provenance()->set_torch_version("1.13.1");
  before.mutable_provenance()->set_date("2026-01-01T00:00:00Z");
  MethodResult now = before;
  now.mutable_provenance()->set_program_version("new");
  now.mutable_provenance()->set_torch_version("2.11.0");
  now.mutable_provenance()->set_date("2026-01-02T00:00:00Z");
  Shift(-.02, 1, &now);
  EXPECT_THAT(CompareResults({before}, {now}),
              ElementsAre(Moved(Verdict::kChanged, "s", "LibTorch version"),
                          Moved(Verdict::kLoss, "m, default", "lds")));
}

TEST(CompareResultsTest, ABaselineWithoutProvenanceIsComparedByFacts) {
  MethodResult now = Result();
  now.mutable_provenance()->set_data_digest(std::string(64, 'b'));
  EXPECT_THAT(CompareResults({Result()}, {now}), IsEmpty());
}

TEST(CompareResultsTest, FailuresAndAbsencesAreLosses) {
  MethodResult failed = Result();
  failed.mutable_entries(0)->set_status(SINGULAR);
  failed.mutable_entries(0)->set_message("why");
  const auto moved = CompareResults({Result()}, {failed});
  ASSERT_THAT(moved, ElementsAre(Moved(Verdict::kLoss, "m, default", "status")));
  EXPECT_EQ(moved[0].now, "SINGULAR");
  EXPECT_EQ(moved[0].change, "why");
  EXPECT_THAT(CompareResults({failed}, {Result()}),
              ElementsAre(Moved(Verdict::kGain, "m, default", "status")));
  EXPECT_THAT(CompareResults({Result(), Result("n")}, {Result()}),
              ElementsAre(Moved(Verdict::kLoss, "n, default", "entry")));
  EXPECT_THAT(CompareResults({Result()}, {Result(), Result("n")}),
              ElementsAre(Moved(Verdict::kAdded, "n, default", "entry")));
}

TEST(CompareResultsTest, ADifferentSettingIsReportedAndNotCompared) {
  MethodResult other = Result();
  other.mutable_setting()->set_num_train(11);
  other.mutable_entries(0)->mutable_total_cost()->set_retrainings(99);
  const auto moved = CompareResults({Result()}, {other});
  ASSERT_THAT(moved, ElementsAre(Moved(Verdict::kLoss, "s", "facts")));
  EXPECT_THAT(moved[0].change, HasSubstr("num_train"));
}

TEST(CompareResultsTest, OtherHyperparametersAreShown) {
  MethodResult other = Result();
  (*other.mutable_entries(0)->mutable_hyperparameters())["damping"] = "3";
  const auto moved = CompareResults({Result()}, {other});
  ASSERT_THAT(moved, ElementsAre(Moved(Verdict::kChanged, "m, default", "damping")));
  EXPECT_EQ(moved[0].before, "1");
  EXPECT_EQ(moved[0].now, "3");
}

TEST(WithoutMachineTest, LeavesNothingThatARunChanges) {
  MethodResult result = Result();
  result.mutable_machine()->set_load_average(1);
  Entry* entry = result.mutable_entries(0);
  entry->set_wall_seconds(1);
  entry->set_peak_memory_bytes(1);
  entry->mutable_total_cost()->set_cpu_seconds(1);
  entry->mutable_tuning_cost()->set_cpu_seconds(1);
  (*entry->mutable_phases())["fit"];
  MethodResult timed = result;
  (*timed.mutable_entries(0)->mutable_phases())["fit"].set_cpu_seconds(1);
  EXPECT_EQ(WithoutMachine(timed).DebugString(), WithoutMachine(result).DebugString());
  EXPECT_THAT(WithoutMachine(timed).DebugString(), testing::Not(HasSubstr("seconds")));
}

// n repetitions around `time`, by up to 5%.
std::vector<double> Times(double time, int n) {
  std::vector<double> times;
  for (int i = 0; i < n; ++i) times.push_back(time * (1 + .05 * std::sin(9 * i + time)));
  return times;
}

Speeds Suite(double m, double n, int repetitions = 6) {
  return {"cpu",
          "s",
          {{"m/one_damping", Times(m, repetitions)}, {"n/one_damping", Times(n, repetitions)}}};
}

TEST(CompareSpeedsTest, SlowerInEveryProcessIsALoss) {
  const Speeds baseline = Suite(1, 2, 12);
  EXPECT_THAT(CompareSpeeds(baseline, {Suite(1.02, 2), Suite(.98, 2)}), IsEmpty());
  EXPECT_THAT(CompareSpeeds(baseline, {Suite(2, 2), Suite(2, 2)}),
              ElementsAre(Moved(Verdict::kLoss, "m", "time, one_damping")));
  EXPECT_THAT(CompareSpeeds(baseline, {Suite(1, 1), Suite(1, 1)}),
              ElementsAre(Moved(Verdict::kGain, "n", "time, one_damping")));
  EXPECT_THAT(CompareSpeeds(baseline, {Suite(2, 2), Suite(1, 2)}), IsEmpty());
}

// All of 4 repetitions above all of 5: p = 1 / C(9, 4) = .0079.
TEST(CompareSpeedsTest, TooFewRepetitionsAreNoEvidence) {
  EXPECT_THAT(CompareSpeeds(Suite(1, 2, 5), {Suite(3, 2, 4)}), IsEmpty());
}

TEST(CompareSpeedsTest, GoneAndFailedAreLosses) {
  Speeds gone = Suite(1, 2), failed = Suite(1, 2);
  gone.times.erase("m/one_damping");
  failed.times["m/one_damping"].clear();
  for (const Speeds& now : {gone, failed}) {
    EXPECT_THAT(CompareSpeeds(Suite(1, 2), {now}),
                ElementsAre(Moved(Verdict::kLoss, "m", "time, one_damping")));
  }
  EXPECT_THAT(CompareSpeeds(gone, {Suite(1, 2)}),
              ElementsAre(Moved(Verdict::kAdded, "m", "time, one_damping")));
}

constexpr char kSuite[] = R"json({
  "context": {"date": "today", "host_name": "here", "cpu_model": "cpu", "setting": "s", "threads": "1"},
  "benchmarks": [
    {"name": "m/one/manual_time", "run_name": "m/one/manual_time", "run_type": "iteration",
     "repetition_index": 0, "iterations": 3, "real_time": 0.5, "cpu_time": 0.4, "time_unit": "s",
     "x_reference": 7.5},
    {"name": "n/one/manual_time", "run_name": "n/one/manual_time", "run_type": "iteration",
     "error_occurred": true, "error_message": "no"},
    {"name": "m/one/manual_time_mean", "run_name": "m/one/manual_time", "run_type": "aggregate",
     "x_reference": 99}
  ]
})json";

TEST(SpeedsTest, RepetitionsAreRead) {
  const auto speeds = ParseSpeeds(kSuite, "file");
  ASSERT_TRUE(speeds.ok()) << speeds.status();
  EXPECT_EQ(speeds->cpu_model, "cpu");
  EXPECT_THAT(speeds->times.at("m/one"), ElementsAre(7.5));
  EXPECT_THAT(speeds->times.at("n/one"), IsEmpty());
}

// The fastest process is another one for each benchmark. A benchmark that failed is left out.
TEST(SpeedsTest, TheFastestProcessIsKept) {
  const auto suite = [](double m, double k) {
    std::string text = kSuite;
    text.insert(
        text.rfind("    {\"name\": \"m/one/manual_time_mean"),
        R"json(    {"name": "k/manual_time", "run_name": "k/manual_time", "run_type": "iteration",
     "repetition_index": 0, "iterations": 3, "real_time": 0.5, "cpu_time": 0.4, "time_unit": "s",
     "x_reference": )json" +
            std::to_string(k) + "},\n");
    text.replace(text.find("7.5"), 3, std::to_string(m));
    return text;
  };
  const auto fastest = FastestOfSuites({suite(7.5, 4), suite(7, 5), suite(8, 6)});
  ASSERT_TRUE(fastest.ok()) << fastest.status();
  EXPECT_THAT(*fastest, testing::Not(HasSubstr("host_name")));
  const auto again = ParseSpeeds(*fastest, "fastest");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->times.at("m/one"), ElementsAre(7));
  EXPECT_THAT(again->times.at("k"), ElementsAre(4));
  EXPECT_EQ(again->times.count("n/one"), 0);
}

TEST(SpeedsTest, ErrorsNameTheFile) {
  for (const char* text : {"", "{}", "[1]", R"({"context": {"cpu_model": 3}, "benchmarks": []})"}) {
    const auto speeds = ParseSpeeds(text, "the file");
    ASSERT_EQ(speeds.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(speeds.status().message()), HasSubstr("the file"));
  }
}

TEST(RenderMovementsTest, LossesComeFirst) {
  EXPECT_EQ(RenderMovements({{Verdict::kAdded, "n", "entry", "none", ".3", ""},
                             {Verdict::kLoss, "m", "lds", ".3", ".2", "-.1"}}),
            "       row  what   baseline  now  change\n"
            "LOSS   m    lds    .3        .2   -.1\n"
            "ADDED  n    entry  none      .3\n");
}

}  // namespace
}  // namespace attribench
