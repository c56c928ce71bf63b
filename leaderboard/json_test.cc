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

TEST_F(JsonTest, KeysOfTheContract) {
  EXPECT_THAT(Keys(root_), ElementsAre("schema_version", "settings", "entries", "headline"));
  EXPECT_EQ(root_["schema_version"], 1);
  ASSERT_EQ(root_["settings"].size(), 2);
  for (const Json& setting : root_["settings"]) {
    EXPECT_THAT(Keys(setting),
                ElementsAre("name", "dataset", "synthetic", "model", "num_train", "num_test",
                            "num_parameters", "num_subsets", "num_seeds", "noise_ceiling"));
    EXPECT_THAT(Keys(setting["noise_ceiling"]), ElementsAre("value", "low", "high"));
  }
  ASSERT_EQ(root_["entries"].size(), 13);
  for (const Json& entry : root_["entries"]) {
    EXPECT_THAT(Keys(entry),
                ElementsAre("setting", "method", "tuner", "status", "message", "lds", "oracle_lds",
                            "ceiling_share", "hyperparameters", "absolute_damping", "rank",
                            "tuning_cost", "total_cost", "wall_seconds", "peak_memory_bytes"));
    EXPECT_THAT(Keys(entry["lds"]), ElementsAre("value", "low", "high"));
    EXPECT_THAT(Keys(entry["rank"]), ElementsAre("low", "high"));
    EXPECT_THAT(Keys(entry["tuning_cost"]), ElementsAre("retrainings", "cpu_seconds", "flops"));
    EXPECT_THAT(Keys(entry["total_cost"]),
                ElementsAre("retrainings", "cpu_seconds", "flops", "phases"));
  }
  ASSERT_EQ(root_["headline"].size(), 2);
  for (const Json& headline : root_["headline"]) {
    EXPECT_THAT(Keys(headline),
                ElementsAre("setting", "method", "selector_lds_share", "selector_cost_share",
                            "grid_retrainings_to_match", "selector_lds_share_low",
                            "selector_lds_share_high", "selector_flops_share", "grid_search"));
  }
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
  EXPECT_EQ(setting["noise_ceiling"]["low"], .75);
}

TEST_F(JsonTest, Entry) {
  const Json entry = Find("real", "sharp", "grid_search_20");
  EXPECT_EQ(entry["status"], "ok");
  EXPECT_EQ(entry["message"], "");
  EXPECT_NEAR(entry["lds"]["value"].get<double>(), .38, 1e-12);
  EXPECT_NEAR(entry["lds"]["high"].get<double>(), .43, 1e-12);
  EXPECT_EQ(entry["oracle_lds"], .42);
  EXPECT_NEAR(entry["ceiling_share"].get<double>(), .475, 1e-12);
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
  EXPECT_TRUE(entry["lds"]["value"].is_null());
  EXPECT_TRUE(entry["lds"]["low"].is_null());
  EXPECT_TRUE(entry["ceiling_share"].is_null());
  EXPECT_TRUE(entry["oracle_lds"].is_null());
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
  EXPECT_NEAR(headline["selector_lds_share"].get<double>(), .95, 1e-12);
  EXPECT_EQ(headline["selector_cost_share"], .01);
  EXPECT_EQ(headline["selector_flops_share"], .01);
  EXPECT_EQ(headline["grid_search"], "grid_search_50");
  EXPECT_EQ(headline["grid_retrainings_to_match"], 20);
  EXPECT_LT(headline["selector_lds_share_low"].get<double>(), .95);
  EXPECT_GT(headline["selector_lds_share_high"].get<double>(), .95);
}

TEST_F(JsonTest, MissingAndNotFiniteAreNull) {
  board_.headlines[0] = attribench::Headline();
  board_.rows[0].entry.mutable_lds()->set_low(std::numeric_limits<double>::quiet_NaN());
  board_.rows[0].entry.set_wall_seconds(std::numeric_limits<double>::infinity());
  board_.settings[0].clear_noise_ceiling();
  Parse();
  for (const char* key : {"selector_lds_share", "selector_cost_share", "grid_retrainings_to_match",
                          "selector_lds_share_low", "selector_flops_share", "grid_search"}) {
    EXPECT_TRUE(root_["headline"][0][key].is_null()) << key;
  }
  EXPECT_TRUE(root_["entries"][0]["lds"]["low"].is_null());
  EXPECT_TRUE(root_["entries"][0]["lds"]["value"].is_number());
  EXPECT_TRUE(root_["entries"][0]["wall_seconds"].is_null());
  EXPECT_TRUE(root_["settings"][0]["noise_ceiling"]["value"].is_null());
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
