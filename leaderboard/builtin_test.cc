// SPDX-License-Identifier: Apache-2.0
//
// The main job from end to end: runs every method on the built-in setting and ranks the results.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

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
    return Entry(method, tuner)["metrics"]["lds"]["value"].get<double>();
  }
};

// Tuners of every damped method, and one more for ensembles of half-data models.
constexpr int64_t kTuners = 9;
const std::set<std::string>& HalfDataEnsembles() {
  static const auto* names = new std::set<std::string>{
      "ekfac_half_10", "fisher_half_10", "logra_half_10", "trak_10", "trak_50", "trak_exact_10"};
  return *names;
}

TEST_F(BuiltinTest, EverythingRan) {
  EXPECT_EQ(board_["schema_version"], 6);
  ASSERT_EQ(board_["settings"].size(), 1);
  EXPECT_EQ(board_["settings"][0]["synthetic"], true);
  std::map<std::string, int64_t> expected, found;
  const auto variants = MethodVariants();
  ASSERT_TRUE(variants.ok()) << variants.status();
  for (const MethodVariant& variant : *variants) {
    expected[variant.name] = variant.hyperparameters.HasDamping()
                                 ? kTuners + HalfDataEnsembles().count(variant.name)
                                 : 1;
  }
  for (const Json& entry : board_["entries"]) {
    found[entry["method"].get<std::string>()] += static_cast<int64_t>(entry["tuners"].size());
    // A matrix of all parameters is too large here. The row says so.
    EXPECT_EQ(entry["status"], entry["method"] == "influence_explicit" ? "refused" : "ok") << entry;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(Entry("influence_explicit", "default")["message"],
            "needs a matrix of 24.1 GiB for 25450 parameters; the limit is 4.0 GiB");
}

// Known facts about these methods: noise scores 0, an ensemble is better than one model, and the
// inverse Fisher is better than the plain inner product.
TEST_F(BuiltinTest, TheOrderIsAsKnown) {
  const Json& random = Entry("random", "default");
  EXPECT_LT(random["metrics"]["lds"]["low"].get<double>(), 0);
  EXPECT_GT(random["metrics"]["lds"]["high"].get<double>(), 0);
  EXPECT_GT(Lds("trak_10", "surrogate_indicator"), Lds("trak_1", "surrogate_indicator") + 0.1);
  EXPECT_GT(Lds("trak_50", "surrogate_indicator"), Lds("trak_10", "surrogate_indicator"));
  EXPECT_GT(Lds("fisher", "surrogate_indicator"), Lds("grad_dot", "default") + 0.1);
  EXPECT_GT(Lds("ekfac_10", "surrogate_indicator"), Lds("ekfac", "surrogate_indicator"));
  EXPECT_GT(Lds("influence_cg", "grid_search_50"),
            Lds("influence_arnoldi", "grid_search_50") + 0.1);
  for (const Json& entry : board_["entries"]) {
    if (entry["status"] != "ok") continue;
    EXPECT_LT(entry["metrics"]["lds"]["value"].get<double>(),
              board_["settings"][0]["metrics"][0]["ceiling"]["value"].get<double>());
  }
}

// Trainings of the built-in model are so cheap that an eigendecomposition costs as much as several
// of them, and one more fit more than all: so a selector's share of the operations is large here,
// except for the held-out criterion of a method's own features.
TEST_F(BuiltinTest, SelectorsKeepNearGridSearch) {
  ASSERT_GE(board_["headline"].size(), 10);
  std::map<std::string, std::vector<double>> shares;
  const auto has_own_features = [](const std::string& method) {
    return method.rfind("fisher", 0) == 0 || method.rfind("trak", 0) == 0 ||
           method.rfind("logra", 0) == 0;
  };
  for (const Json& headline : board_["headline"]) {
    if (headline["method"] == "influence_explicit") {
      EXPECT_EQ(headline["no_share"], "the selector failed");
      continue;
    }
    // A method without its own spectrum pays for the spectrum of another matrix, which fits less
    // well.
    const Json& message = Entry(headline["method"], "surrogate_indicator")["message"];
    const bool own = message.get<std::string>().find("moments of") == std::string::npos;
    const std::set<std::string> without = {"datainf", "influence_cg", "influence_cg_gn",
                                           "influence_lissa"};
    EXPECT_EQ(own, without.count(headline["method"].get<std::string>()) == 0) << message;
    const std::string selector = headline["selector"];
    EXPECT_GT(headline["share"].get<double>(), 0.7) << headline;
    if (selector == "surrogate_indicator") {
      EXPECT_LT(headline["flops_share"].get<double>(), 1) << headline;
    }
    if (selector == "held_out" && has_own_features(headline["method"])) {
      EXPECT_LT(headline["flops_share"].get<double>(), .02) << headline;
    }
    shares[selector].push_back(headline["share"].get<double>());
  }
  EXPECT_EQ(shares["out_of_bag"].size(), HalfDataEnsembles().size());
  for (auto& [selector, of] : shares) {
    std::nth_element(of.begin(), of.begin() + of.size() / 2, of.end());
    EXPECT_GT(of[of.size() / 2], 0.95) << selector;
  }
  EXPECT_EQ(Entry("fisher", "surrogate_indicator")["tuning_cost"]["retrainings"], 0);
}

}  // namespace
}  // namespace attribench
