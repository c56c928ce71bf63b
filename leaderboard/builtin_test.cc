// SPDX-License-Identifier: Apache-2.0
//
// The main job from end to end: every method, run live on the built-in setting, ranked.
#include <map>
#include <string>

#include "datasets/whole_file.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using Json = nlohmann::json;

class BuiltinTest : public testing::Test {
 protected:
  const Json board_ = Json::parse(*ReadWholeFile("leaderboard/builtin/leaderboard.json"));

  const Json& Entry(const std::string& method, const std::string& tuner) const {
    for (const Json& entry : board_["entries"]) {
      if (entry["method"] == method && entry["tuner"] == tuner) return entry;
    }
    ADD_FAILURE() << "no entry " << method << ", " << tuner;
    return board_["entries"][0];
  }
  double Lds(const std::string& method, const std::string& tuner) const {
    return Entry(method, tuner)["lds"]["value"].get<double>();
  }
};

TEST_F(BuiltinTest, EverythingRan) {
  EXPECT_EQ(board_["schema_version"], 1);
  ASSERT_EQ(board_["settings"].size(), 1);
  EXPECT_EQ(board_["settings"][0]["synthetic"], true);
  EXPECT_EQ(board_["entries"].size(), 4 * 8 + 2);
  for (const Json& entry : board_["entries"]) EXPECT_EQ(entry["status"], "ok") << entry;
}

// What is known of these methods: noise at 0, an ensemble above one model, the inverse Fisher above
// the plain inner product.
TEST_F(BuiltinTest, TheOrderIsAsKnown) {
  const Json& random = Entry("random", "default");
  EXPECT_LT(random["lds"]["low"].get<double>(), 0);
  EXPECT_GT(random["lds"]["high"].get<double>(), 0);
  EXPECT_GT(Lds("trak_10", "surrogate_indicator"), Lds("trak_1", "surrogate_indicator") + 0.1);
  EXPECT_GT(Lds("fisher", "surrogate_indicator"), Lds("grad_dot", "default") + 0.1);
  for (const Json& entry : board_["entries"]) {
    EXPECT_LT(entry["lds"]["value"].get<double>(),
              board_["settings"][0]["noise_ceiling"]["value"].get<double>());
  }
}

TEST_F(BuiltinTest, TheSelectorKeepsNearGridSearchForNearNothing) {
  ASSERT_EQ(board_["headline"].size(), 4);
  for (const Json& headline : board_["headline"]) {
    EXPECT_GT(headline["selector_lds_share"].get<double>(), 0.9) << headline;
    EXPECT_LT(headline["selector_flops_share"].get<double>(), 0.05) << headline;
  }
  EXPECT_EQ(Entry("fisher", "surrogate_indicator")["tuning_cost"]["retrainings"], 0);
}

}  // namespace
}  // namespace attribench
