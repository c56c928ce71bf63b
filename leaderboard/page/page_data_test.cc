// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/page/page_data.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using Json = nlohmann::ordered_json;

Json DataOf(const std::vector<MethodResult>& results, const PageStudies& studies = {}) {
  const auto board = MakeBoard(results);
  EXPECT_TRUE(board.ok()) << board.status();
  return Json::parse(RenderPageData(*board, studies), nullptr, /*allow_exceptions=*/false);
}

void AddPoint(double damping, double lds, MethodResult& result) {
  GridPoint& point = *result.add_grid();
  point.set_damping(damping);
  point.set_damping_unit("RELATIVE_TO_MEAN_EIGENVALUE");
  point.set_absolute_damping(damping / 100);
  (*point.mutable_metrics())["lds"] = lds;
  Interval& interval = (*point.mutable_intervals())["lds"];
  interval.set_value(lds);
  interval.set_low(lds - .01);
  interval.set_high(lds + .02);
}

// The sample results with a curve and a criterion for `sharp` in `real`.
std::vector<MethodResult> WithCurve() {
  std::vector<MethodResult> results = SampleResults();
  MethodResult& sharp = results[0];
  AddPoint(.01, .123456789, sharp);
  AddPoint(1, .4, sharp);
  Entry& selector = *sharp.mutable_entries(4);
  selector.set_absolute_damping(.005);
  for (const double damping : {.01, 1.}) {
    CriterionRecord& point = *selector.add_criterion();
    point.set_damping(damping);
    point.set_damping_unit("RELATIVE_TO_MEAN_EIGENVALUE");
    point.set_value(-damping);
  }
  CriterionRecord& absolute = *selector.add_criterion();
  absolute.set_damping(.1);
  absolute.set_damping_unit("ABSOLUTE");
  absolute.set_value(7);
  for (Entry& entry : *sharp.mutable_entries()) {
    (*entry.mutable_hyperparameters())["seed"] = "1";
    (*entry.mutable_hyperparameters())["damping"] = "x";
  }
  (*sharp.mutable_entries(0)->mutable_hyperparameters())["depth"] = "3";
  return results;
}

Json Sharp(const Json& data) {
  EXPECT_EQ(data["settings"][1]["name"], "real");
  EXPECT_EQ(data["settings"][1]["methods"][0]["name"], "sharp");
  return data["settings"][1]["methods"][0];
}

Json RowOf(const Json& method, const std::string& tuner) {
  for (const Json& row : method["rows"]) {
    if (row["tuners"][0] == tuner) return row;
  }
  ADD_FAILURE() << "no row of " << tuner;
  return Json();
}

TEST(PageDataTest, ASettingHasWhatThePageShowsOfIt) {
  const Json data = DataOf(SampleResults());
  ASSERT_EQ(data["settings"].size(), 2);
  const Json& drawn = data["settings"][0];
  EXPECT_EQ(drawn["synthetic"], true);
  EXPECT_EQ(drawn["metric"], "LDS");
  EXPECT_EQ(drawn["ceiling"], Json({.8, .75, .85}));
  EXPECT_EQ(drawn["facts"][0][0], "dataset");
  ASSERT_EQ(drawn["selectors"].size(), 1);
  const Json& selector = drawn["selectors"][0];
  EXPECT_EQ(selector["selector"], kSampleSelector);
  EXPECT_NEAR(selector["median"][0], .95, 1e-6);  // .38 / .4
  EXPECT_EQ(selector["worst_method"], "sharp");
  EXPECT_NEAR(selector["cpu"], .01, 1e-6);  // 2 / 200
}

TEST(PageDataTest, AFailureKeepsItsReason) {
  const Json data = DataOf(SampleResults());
  const Json failed = RowOf(data["settings"][0]["methods"][1], "mean_eigenvalue");
  EXPECT_EQ(failed["status"], "out_of_memory");
  EXPECT_EQ(failed["message"], "needs 9 GiB | 4 GiB are free");
  EXPECT_FALSE(failed.contains("value"));
}

TEST(PageDataTest, ACurveHasItsIntervalsAndFiveDigits) {
  const Json curve = Sharp(DataOf(WithCurve()))["curve"];
  EXPECT_EQ(curve["damping"], Json({.01, 1}));
  EXPECT_EQ(curve["value"], Json({.12346, .4}));
  EXPECT_EQ(curve["low"], Json({.11346, .39}));
  EXPECT_EQ(curve["high"], Json({.14346, .42}));
}

// The grid's dampings are 100 times the absolute ones.
TEST(PageDataTest, DampingsAreInTheUnitOfTheCurve) {
  const Json selector = RowOf(Sharp(DataOf(WithCurve())), kSampleSelector);
  EXPECT_EQ(selector["damping"], .5);
  EXPECT_EQ(selector["criterion"]["damping"], Json({.01, 1, 10}));
  EXPECT_EQ(selector["criterion"]["value"], Json({-.01, -1, 7}));
}

TEST(PageDataTest, TheCriterionOfASearchIsLeftOut) {
  std::vector<MethodResult> results = WithCurve();
  Entry& search = *results[0].mutable_entries(3);
  ASSERT_EQ(search.tuner_kind(), SEARCH);
  *search.mutable_criterion() = results[0].entries(4).criterion();
  EXPECT_FALSE(RowOf(Sharp(DataOf(results)), search.tuner()).contains("criterion"));
}

TEST(PageDataTest, HyperparametersThatAllRowsShareAreNamedOnce) {
  const Json sharp = Sharp(DataOf(WithCurve()));
  EXPECT_EQ(sharp["hyperparameters"], Json({{"checkpoints", "10"}, {"seed", "1"}}));
  EXPECT_EQ(RowOf(sharp, "default")["hyperparameters"], Json({{"depth", "3"}}));
  EXPECT_FALSE(RowOf(sharp, "grid_search_5").contains("hyperparameters"));
}

TEST(PageDataTest, MethodsOfOneOriginStandTogether) {
  std::vector<MethodResult> results = SampleResults();
  for (MethodResult& result : results) {
    result.mutable_provenance()->set_program_version("v1");
    result.mutable_provenance()->set_date(result.method() == "sharp" ? "2026-01-02" : "2026-01-01");
  }
  results[3].mutable_provenance()->set_program_version("v2");
  const Json data = DataOf(results);
  ASSERT_EQ(data["settings"][1]["origins"].size(), 1);
  EXPECT_EQ(data["settings"][1]["origins"][0]["methods"], Json({"blunt", "sharp"}));
  EXPECT_EQ(data["settings"][1]["origins"][0]["date"], "2026-01-02");
  EXPECT_EQ(data["settings"][0]["origins"].size(), 2);
}

TEST(PageDataTest, AStudyHasScoresAndCurvesOfEachPoint) {
  MethodSensitivity study;
  study.mutable_setting()->set_name("real");
  study.set_method("sharp");
  study.set_damped(true);
  SensitivityPoint& first = *study.add_points();
  (*first.mutable_provenance()->mutable_hyperparameters())["rank"] = "16";
  MethodResult curve;
  AddPoint(.01, .2, curve);
  AddPoint(1, .3, curve);
  *first.mutable_curve() = curve.grid();
  Entry& entry = *first.add_entries() = SampleEntry("default", {.25, .35});
  entry.set_absolute_damping(.005);
  SensitivityPoint& failed = *study.add_points();
  failed.set_hyperparameter("rank");
  failed.set_value("8");
  failed.add_entries()->set_status(SINGULAR);
  failed.mutable_entries(0)->set_message("no\ninverse");
  MethodSensitivity elsewhere = study;
  elsewhere.mutable_setting()->set_name("unknown");
  const Json data = DataOf(SampleResults(), {{elsewhere, study}, {}});
  EXPECT_FALSE(data["settings"][0].contains("studies"));
  ASSERT_EQ(data["settings"][1]["studies"].size(), 1);
  const Json& json = data["settings"][1]["studies"][0];
  EXPECT_EQ(json["method"], "sharp");
  EXPECT_EQ(json["defaults"], Json({{"rank", "16"}}));
  EXPECT_EQ(json["damping"], Json({.01, 1}));
  EXPECT_EQ(json["points"][0]["scores"]["default"], Json({.3, .25, .35, .5}));
  EXPECT_EQ(json["points"][0]["curve"], Json({.2, .3}));
  EXPECT_EQ(json["points"][1]["value"], "8");
  EXPECT_EQ(json["points"][1]["failure"], "singular: no inverse");
}

RemovalPoint Removed(const std::string& tuner, double fall) {
  RemovalPoint point;
  point.add_tuners(tuner);
  point.set_damping(tuner + "'s");
  point.mutable_fall()->set_value(fall);
  for (const double shift : {-.5, .5}) {
    point.add_fall_per_test(fall + shift);
    point.add_smallest_flip(shift < 0 ? 0 : .2);
  }
  RemovalStep& step = *point.add_steps();
  step.set_share(.2);
  step.mutable_fall()->set_value(fall);
  return point;
}

TEST(PageDataTest, RemovalsOfASetting) {
  MethodRemoval weak, strong, elsewhere;
  for (MethodRemoval* study : {&weak, &strong}) study->mutable_setting()->set_name("real");
  elsewhere.mutable_setting()->set_name("nowhere");
  weak.set_method("weak");
  *weak.add_points() = Removed("mean_eigenvalue", 1);
  *weak.add_points() = Removed("default", 1.5);
  strong.set_method("strong");
  *strong.add_points() = Removed("mean_eigenvalue", 3);
  RemovalPoint& failed = *strong.add_points();
  failed.set_status(SINGULAR);
  failed.set_message("no inverse");
  const Json data = DataOf(SampleResults(), {{}, {weak, elsewhere, strong}});
  EXPECT_FALSE(data["settings"][0].contains("removals"));
  const Json& removals = data["settings"][1]["removals"];
  ASSERT_EQ(removals["methods"].size(), 2);
  EXPECT_EQ(removals["methods"][0]["method"], "strong");
  EXPECT_EQ(removals["methods"][0]["points"][1].dump(),
            R"({"tuners":[],"status":"singular","message":"no inverse"})");
  EXPECT_EQ(removals["methods"][1]["points"][1].dump(),
            R"({"tuners":["default"],"status":"ok","damping_text":"default's","lds":0,)"
            R"("fall":[1.5,0,0],"steps":[[0.2,1.5,0,0]],"flipped":1,"num_tests":2})");
  ASSERT_EQ(removals["gains"].size(), 1);
  EXPECT_EQ(removals["gains"][0]["tuner"], "default");
  EXPECT_EQ(removals["gains"][0]["gain"][0], .5);
}

}  // namespace
}  // namespace attribench
