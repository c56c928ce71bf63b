// SPDX-License-Identifier: Apache-2.0
//
// The main job from end to end: every method, run live on the built-in setting, ranked.
#include <map>
#include <set>
#include <string>

#include "datasets/whole_file.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
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

constexpr int64_t kTuners = 8;

TEST_F(BuiltinTest, EverythingRan) {
  EXPECT_EQ(board_["schema_version"], 1);
  ASSERT_EQ(board_["settings"].size(), 1);
  EXPECT_EQ(board_["settings"][0]["synthetic"], true);
  std::map<std::string, int64_t> expected, found;
  const auto variants = MethodVariants();
  ASSERT_TRUE(variants.ok()) << variants.status();
  for (const MethodVariant& variant : *variants) {
    expected[variant.name] = variant.hyperparameters.HasDamping() ? kTuners : 1;
  }
  for (const Json& entry : board_["entries"]) {
    ++found[entry["method"].get<std::string>()];
    // A matrix of all parameters is too large here, and its row says so.
    EXPECT_EQ(entry["status"], entry["method"] == "influence_explicit" ? "refused" : "ok") << entry;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(Entry("influence_explicit", "default")["message"],
            "the curvature of 25450 parameters would take 24.1 GiB, the limit is 4.0 GiB; "
            "influence_cg does without the matrix");
}

// What is known of these methods: noise at 0, an ensemble above one model, the inverse Fisher above
// the plain inner product.
TEST_F(BuiltinTest, TheOrderIsAsKnown) {
  const Json& random = Entry("random", "default");
  EXPECT_LT(random["lds"]["low"].get<double>(), 0);
  EXPECT_GT(random["lds"]["high"].get<double>(), 0);
  EXPECT_GT(Lds("trak_10", "surrogate_indicator"), Lds("trak_1", "surrogate_indicator") + 0.1);
  EXPECT_GT(Lds("trak_50", "surrogate_indicator"), Lds("trak_10", "surrogate_indicator"));
  EXPECT_GT(Lds("fisher", "surrogate_indicator"), Lds("grad_dot", "default") + 0.1);
  EXPECT_GT(Lds("ekfac_10", "surrogate_indicator"), Lds("ekfac", "surrogate_indicator"));
  EXPECT_GT(Lds("influence_cg", "grid_search_50"),
            Lds("influence_arnoldi", "grid_search_50") + 0.1);
  for (const Json& entry : board_["entries"]) {
    if (entry["status"] != "ok") continue;
    EXPECT_LT(entry["lds"]["value"].get<double>(),
              board_["settings"][0]["noise_ceiling"]["value"].get<double>());
  }
}

TEST_F(BuiltinTest, TheSelectorKeepsNearGridSearchForNearNothing) {
  ASSERT_GE(board_["headline"].size(), 10);
  for (const Json& headline : board_["headline"]) {
    // A method without a spectrum of its own pays for that of another matrix, and it fits less
    // well.
    const Json& message = Entry(headline["method"], "surrogate_indicator")["message"];
    const bool own = message.get<std::string>().find("moments of") == std::string::npos;
    const std::set<std::string> without = {"datainf", "influence_cg", "influence_cg_gn",
                                           "influence_lissa"};
    EXPECT_EQ(own, without.count(headline["method"].get<std::string>()) == 0) << message;
    EXPECT_GT(headline["selector_lds_share"].get<double>(), own ? 0.9 : 0.75) << headline;
    EXPECT_LT(headline["selector_flops_share"].get<double>(), own ? 0.05 : 0.5) << headline;
  }
  EXPECT_EQ(Entry("fisher", "surrogate_indicator")["tuning_cost"]["retrainings"], 0);
}

}  // namespace
}  // namespace attribench
