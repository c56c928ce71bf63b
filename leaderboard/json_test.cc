// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/json.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::ordered_json;

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

class JsonTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto board = MakeBoard(SampleResults());
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *board;
    Parse();
  }

  void Parse() {
    root_ = Json::parse(RenderJson(board_), nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(root_.is_object());
  }

  Json Find(const std::string& setting, const std::string& method, const std::string& tuner) {
    for (const Json& entry : root_["entries"]) {
      if (entry["setting"] == setting && entry["method"] == method && entry["tuner"] == tuner) {
        return entry;
      }
    }
    ADD_FAILURE() << "no entry " << setting << " " << method << " " << tuner;
    return Json();
  }

  Board board_;
  Json root_;
};

TEST_F(JsonTest, RemovalStudies) {
  EXPECT_TRUE(root_["removals"].empty());
  MethodRemoval study;
  study.mutable_setting()->set_name("made_up");
  study.set_method("a");
  study.set_num_seeds(3);
  study.add_tests(7);
  RemovalPoint& point = *study.add_points();
  point.add_tuners("default");
  point.set_lds(.5);
  point.mutable_fall()->set_value(2);
  point.add_fall_per_test(2);
  point.add_smallest_flip(0);
  RemovalStep& step = *point.add_steps();
  step.set_share(.25);
  step.set_removed(8);
  point.mutable_cost()->set_retrainings(15);
  const Json root = Json::parse(RenderJson(board_, {study}));
  EXPECT_EQ(root["removals"].dump(),
            R"([{"setting":"made_up","method":"a","tests":[7],"num_seeds":3,"points":[)"
            R"({"tuners":["default"],"damping":null,"status":"ok","message":"","lds":0.5,)"
            R"("fall":{"value":2.0,"low":0.0,"high":0.0},"fall_per_test":[2.0],"steps":[)"
            R"({"share":0.25,"removed":8,"fall":{"value":0.0,"low":0.0,"high":0.0}}],)"
            R"("smallest_flip":[null],"retrainings":15.0}]}])");
}

TEST_F(JsonTest, KeysOfTheContract) {
  EXPECT_THAT(Keys(root_), ElementsAre("schema_version", "settings", "entries", "headline",
                                       "selectors", "methods", "removals"));
  EXPECT_EQ(root_["schema_version"], 6);
  ASSERT_EQ(root_["settings"].size(), 2);
  for (const Json& setting : root_["settings"]) {
    EXPECT_THAT(Keys(setting),
                ElementsAre("name", "dataset", "synthetic", "model", "num_train", "num_test",
                            "num_parameters", "num_subsets", "num_seeds", "metrics", "resolution"));
    EXPECT_THAT(Keys(setting["resolution"]),
                ElementsAre("floor", "pairs", "pairs_told_apart", "not_ranked"));
    ASSERT_EQ(setting["metrics"].size(), 1);
    EXPECT_THAT(Keys(setting["metrics"][0]), ElementsAre("name", "unit", "direction", "ceiling"));
    EXPECT_THAT(Keys(setting["metrics"][0]["ceiling"]), ElementsAre("value", "low", "high"));
  }
  ASSERT_EQ(root_["entries"].size(), 13);
  for (const Json& entry : root_["entries"]) {
    EXPECT_THAT(Keys(entry),
                ElementsAre("setting", "method", "tuner", "tuners", "tuner_kind", "status",
                            "message", "metrics", "hyperparameters", "absolute_damping",
                            "damping_at_edge", "criterion", "rank", "tuning_cost", "total_cost",
                            "wall_seconds", "peak_memory_bytes", "device"));
    EXPECT_THAT(Keys(entry["metrics"]), ElementsAre("lds"));
    EXPECT_THAT(Keys(entry["metrics"]["lds"]),
                ElementsAre("value", "low", "high", "ceiling", "ceiling_share", "oracle",
                            "oracle_at_edge", "direction", "unit"));
    EXPECT_THAT(Keys(entry["rank"]), ElementsAre("low", "high"));
    EXPECT_THAT(Keys(entry["tuning_cost"]),
                ElementsAre("retrainings", "cpu_seconds", "device_seconds", "flops"));
    EXPECT_THAT(Keys(entry["total_cost"]),
                ElementsAre("retrainings", "cpu_seconds", "device_seconds", "flops", "phases"));
  }
  ASSERT_EQ(root_["headline"].size(), 2);
  for (const Json& headline : root_["headline"]) {
    EXPECT_THAT(Keys(headline),
                ElementsAre("setting", "method", "selector", "search", "metric", "selector_value",
                            "search_value", "share", "no_share", "share_low", "share_high",
                            "cost_share", "flops_share", "selector_retrainings",
                            "search_retrainings", "retrainings_to_match"));
  }
}

TEST_F(JsonTest, SelectorsAreSummaries) {
  ASSERT_EQ(root_["selectors"].size(), board_.summaries.size());
  ASSERT_EQ(root_["selectors"].size(), 2);
  const SelectorSummary& summary = board_.summaries[1];
  const Json selector = root_["selectors"][1];
  EXPECT_THAT(Keys(selector),
              ElementsAre("setting", "selector", "num_methods", "num_compared", "share", "worst",
                          "cost_share", "flops_share", "retrainings_to_match"));
  EXPECT_EQ(selector["setting"], "real");
  EXPECT_EQ(selector["selector"], summary.selector);
  EXPECT_EQ(selector["share"]["median"], *summary.median_share);
  EXPECT_EQ(selector["share"]["high"], *summary.median_share_high);
  EXPECT_EQ(selector["worst"]["method"], summary.worst_method);
  EXPECT_EQ(selector["worst"]["share"], *summary.worst_share);
  EXPECT_EQ(selector["flops_share"], *summary.median_flops_share);

  board_.summaries[1] = SelectorSummary();
  Parse();
  EXPECT_TRUE(root_["selectors"][1]["share"]["median"].is_null());
  EXPECT_TRUE(root_["selectors"][1]["worst"]["method"].is_null());
  EXPECT_TRUE(root_["selectors"][1]["retrainings_to_match"].is_null());
}

TEST_F(JsonTest, MethodsHaveTheirCurvesAndTheirOrigin) {
  MethodFacts facts;
  facts.setting = "real";
  facts.method = "sharp";
  facts.provenance.set_date("2026-11-27T09:30:00Z");
  (*facts.provenance.mutable_hyperparameters())["rank"] = "8";
  for (const double damping : {.1, 1.}) {
    GridPoint point;
    point.set_damping(damping);
    point.set_damping_unit("RELATIVE_TO_TRACE");
    point.set_absolute_damping(2 * damping);
    (*point.mutable_metrics())["lds"] = .3;
    facts.curve.push_back(point);
  }
  (*facts.curve[1].mutable_intervals())["lds"].set_low(.25);
  (*facts.curve[1].mutable_intervals())["lds"].set_high(.35);
  board_.methods = {facts};
  Parse();
  ASSERT_EQ(root_["methods"].size(), 1);
  const Json method = root_["methods"][0];
  EXPECT_THAT(Keys(method), ElementsAre("setting", "method", "curve", "provenance"));
  EXPECT_EQ(method["provenance"]["date"], "2026-11-27T09:30:00Z");
  EXPECT_EQ(method["provenance"]["hyperparameters"]["rank"], "8");
  ASSERT_EQ(method["curve"].size(), 2);
  EXPECT_TRUE(method["curve"][0]["metrics"]["lds"]["low"].is_null());
  const Json point = method["curve"][1];
  EXPECT_EQ(point["damping"], 1);
  EXPECT_EQ(point["damping_unit"], "RELATIVE_TO_TRACE");
  EXPECT_EQ(point["absolute_damping"], 2);
  EXPECT_EQ(point["metrics"]["lds"]["value"], .3);
  EXPECT_EQ(point["metrics"]["lds"]["low"], .25);
  EXPECT_EQ(point["metrics"]["lds"]["high"], .35);
}

TEST_F(JsonTest, Setting) {
  const Json setting = root_["settings"][0];
  EXPECT_EQ(setting["name"], "drawn");
  EXPECT_EQ(setting["dataset"], "digits");
  EXPECT_TRUE(setting["synthetic"].is_boolean());
  EXPECT_EQ(setting["synthetic"], true);
  EXPECT_EQ(root_["settings"][1]["synthetic"], false);
  EXPECT_EQ(setting["model"], "MLP 784-32-10");
  EXPECT_TRUE(setting["num_train"].is_number_integer());
  EXPECT_EQ(setting["num_train"], 5000);
  EXPECT_EQ(setting["num_test"], 500);
  EXPECT_EQ(setting["num_parameters"], 1234567);
  EXPECT_EQ(setting["num_subsets"], 100);
  EXPECT_EQ(setting["num_seeds"], 5);
  const Json metric = setting["metrics"][0];
  EXPECT_EQ(metric["name"], "lds");
  EXPECT_EQ(metric["unit"], "test example");
  EXPECT_EQ(metric["direction"], "higher_is_better");
  EXPECT_EQ(metric["ceiling"]["low"], .75);
}

TEST_F(JsonTest, Entry) {
  const Json entry = Find("real", "sharp", "grid_search_20");
  EXPECT_EQ(entry["status"], "ok");
  EXPECT_EQ(entry["message"], "");
  EXPECT_EQ(entry["tuner_kind"], "search");
  const Json lds = entry["metrics"]["lds"];
  EXPECT_NEAR(lds["value"].get<double>(), .38, 1e-12);
  EXPECT_NEAR(lds["high"].get<double>(), .43, 1e-12);
  EXPECT_EQ(lds["oracle"], .42);
  EXPECT_EQ(lds["ceiling"], .8);
  EXPECT_NEAR(lds["ceiling_share"].get<double>(), .475, 1e-12);
  EXPECT_EQ(lds["direction"], "higher_is_better");
  EXPECT_EQ(lds["unit"], "test example");
  EXPECT_EQ(entry["absolute_damping"], .02);
  EXPECT_TRUE(entry["rank"]["low"].is_number_integer());
  EXPECT_EQ(entry["rank"]["low"], 2);
  EXPECT_EQ(entry["rank"]["high"], 3);
  EXPECT_EQ(entry["tuning_cost"]["retrainings"], 20);
  EXPECT_EQ(entry["tuning_cost"]["cpu_seconds"], 80);
  EXPECT_EQ(entry["total_cost"]["cpu_seconds"], 82.5);
  EXPECT_EQ(entry["total_cost"]["flops"], 84e9);
  EXPECT_THAT(Keys(entry["total_cost"]["phases"]), ElementsAre("fit", "tune"));
  EXPECT_EQ(entry["total_cost"]["phases"]["fit"]["flops"], 4e9);
  EXPECT_EQ(entry["wall_seconds"], 1.5);
  EXPECT_TRUE(entry["peak_memory_bytes"].is_number_integer());
  EXPECT_EQ(entry["peak_memory_bytes"], 432013312);
}

TEST_F(JsonTest, HyperparametersAreNumbersWhereAllTheirTextIs) {
  auto& hyperparameters = *board_.rows[0].entry.mutable_hyperparameters();
  hyperparameters.clear();
  hyperparameters["a"] = "1e-3";
  hyperparameters["b"] = "10";
  hyperparameters["c"] = "0.01 absolute";
  hyperparameters["d"] = "inf";
  hyperparameters["e"] = "";
  hyperparameters["f"] = " 7";
  hyperparameters["g"] = "true";
  hyperparameters["h"] = "1e999";
  Parse();
  EXPECT_EQ(root_["entries"][0]["hyperparameters"].dump(),
            R"({"a":0.001,"b":10,"c":"0.01 absolute","d":"inf","e":"","f":" 7","g":"true",)"
            R"("h":"1e999"})");
}

TEST_F(JsonTest, FailureHasStatusMessageAndNulls) {
  const Json entry = Find("drawn", "blunt", "mean_eigenvalue");
  EXPECT_EQ(entry["status"], "out_of_memory");
  EXPECT_EQ(entry["message"], "needs 9 GiB | 4 GiB\nare free");
  const Json lds = entry["metrics"]["lds"];
  EXPECT_TRUE(lds["value"].is_null());
  EXPECT_TRUE(lds["low"].is_null());
  EXPECT_TRUE(lds["ceiling_share"].is_null());
  EXPECT_TRUE(lds["oracle"].is_null());
  EXPECT_EQ(lds["ceiling"], .8);
  EXPECT_TRUE(entry["absolute_damping"].is_null());
  EXPECT_TRUE(entry["tuning_cost"]["cpu_seconds"].is_null());
  EXPECT_TRUE(entry["total_cost"]["flops"].is_null());
  EXPECT_EQ(entry["total_cost"]["phases"], Json::object());
  EXPECT_EQ(entry["rank"]["low"], 7);
}

TEST_F(JsonTest, Headline) {
  const Json headline = root_["headline"][1];
  EXPECT_EQ(headline["setting"], "real");
  EXPECT_EQ(headline["method"], "sharp");
  EXPECT_EQ(headline["selector"], kSampleSelector);
  EXPECT_EQ(headline["search"], "grid_search_50");
  EXPECT_EQ(headline["metric"], "lds");
  EXPECT_NEAR(headline["selector_value"].get<double>(), .38, 1e-12);
  EXPECT_NEAR(headline["search_value"].get<double>(), .4, 1e-12);
  EXPECT_NEAR(headline["share"].get<double>(), .95, 1e-12);
  EXPECT_EQ(headline["cost_share"], .01);
  EXPECT_EQ(headline["flops_share"], .01);
  EXPECT_EQ(headline["selector_retrainings"], 0);
  EXPECT_EQ(headline["search_retrainings"], 50);
  EXPECT_TRUE(headline["retrainings_to_match"].is_number_integer());
  EXPECT_EQ(headline["retrainings_to_match"], 20);
  EXPECT_LT(headline["share_low"].get<double>(), .95);
  EXPECT_GT(headline["share_high"].get<double>(), .95);
}

TEST_F(JsonTest, CriterionCurve) {
  CriterionRecord& point = *board_.rows[0].entry.add_criterion();
  point.set_damping(.1);
  point.set_damping_unit("ABSOLUTE");
  point.set_value(std::numeric_limits<double>::quiet_NaN());
  *board_.rows[0].entry.add_criterion() = point;
  board_.rows[0].entry.mutable_criterion(1)->set_value(.5);
  Parse();
  EXPECT_EQ(root_["entries"][0]["criterion"].dump(),
            R"([{"damping":0.1,"damping_unit":"ABSOLUTE","value":null},)"
            R"({"damping":0.1,"damping_unit":"ABSOLUTE","value":0.5}])");
  EXPECT_EQ(root_["entries"][1]["criterion"].dump(), "[]");
}

TEST_F(JsonTest, MetricsInTheSettingsOrder) {
  RowMetric other;
  other.facts.set_name("auc");
  other.facts.set_direction(LOWER_IS_BETTER);
  board_.rows[0].metrics.push_back(other);
  Parse();
  const Json metrics = root_["entries"][0]["metrics"];
  EXPECT_THAT(Keys(metrics), ElementsAre("lds", "auc"));
  EXPECT_EQ(metrics["auc"]["direction"], "lower_is_better");
  EXPECT_TRUE(metrics["auc"]["value"].is_null());
  EXPECT_TRUE(metrics["auc"]["ceiling"].is_null());
}

TEST_F(JsonTest, MissingAndNotFiniteAreNull) {
  board_.headlines[0] = attribench::Headline();
  board_.rows[0].metrics[0].estimate->set_low(std::numeric_limits<double>::quiet_NaN());
  board_.rows[0].entry.set_wall_seconds(std::numeric_limits<double>::infinity());
  board_.settings[0].mutable_metrics(0)->clear_ceiling();
  Parse();
  for (const char* key :
       {"search", "search_value", "share", "no_share", "share_low", "share_high", "cost_share",
        "flops_share", "selector_retrainings", "search_retrainings", "retrainings_to_match"}) {
    EXPECT_TRUE(root_["headline"][0][key].is_null()) << key;
  }
  EXPECT_TRUE(root_["entries"][0]["metrics"]["lds"]["low"].is_null());
  EXPECT_TRUE(root_["entries"][0]["metrics"]["lds"]["value"].is_number());
  EXPECT_TRUE(root_["entries"][0]["wall_seconds"].is_null());
  EXPECT_TRUE(root_["settings"][0]["metrics"][0]["ceiling"]["value"].is_null());
}

TEST_F(JsonTest, BytesThatAreNotUtf8DoNotStopIt) {
  board_.rows[0].entry.set_message("a\xff");
  Parse();
  EXPECT_EQ(root_["entries"][0]["message"], "a\xEF\xBF\xBD");
}

TEST_F(JsonTest, SameBytesForTheSameResults) {
  std::vector<MethodResult> results = SampleResults();
  std::swap(results.front(), results.back());
  const auto again = MakeBoard(results);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(RenderJson(*again), RenderJson(board_));
}

}  // namespace
}  // namespace attribench
