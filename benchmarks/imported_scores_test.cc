// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/imported_scores.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "benchmarks/run_method.h"
#include "datasets/formats/safetensors.h"
#include "datasets/whole_file.h"
#include "gtest/gtest.h"
#include "methods/registry.h"

namespace attribench {
namespace {

constexpr int64_t kTrain = 1000, kTest = 200;

const LoadedSetting& Glyphs() {
  static const auto* loaded =
      new LoadedSetting(*LoadWithoutExamples("glyphs_mlp", "datasets/zoo/glyphs_mlp"));
  return *loaded;
}

std::string Path() { return testing::TempDir() + "/scores.safetensors"; }

absl::StatusOr<ImportedScores> Written(const std::map<std::string, at::Tensor>& tensors,
                                       const std::map<std::string, std::string>& metadata = {}) {
  EXPECT_TRUE(WriteSafetensors(Path(), {tensors, metadata}).ok());
  return OpenScores(Path(), Glyphs().facts);
}

MethodResult Evaluate(const ImportedScores& scores, const ScoresFacts& facts,
                      std::vector<std::string>* not_run = nullptr) {
  std::vector<std::string> unused;
  const auto result = EvaluateScores(Glyphs(), scores, facts, *RegisteredTuners(),
                                     not_run != nullptr ? *not_run : unused);
  EXPECT_TRUE(result.ok()) << result.status();
  return *result;
}

// The scores of a linked method, computed from the setting's examples.
at::Tensor ScoresOf(const std::string& method, const Damping& damping) {
  const LoadedSetting loaded = *LoadNamedSetting("glyphs_mlp", "datasets/zoo/glyphs_mlp");
  const MethodVariant variant = *FindMethodVariant(method);
  CostLedger nobody;
  return *variant.method->make()->Attribute(MakeTask(loaded), variant.hyperparameters, damping,
                                            nobody);
}

TEST(LoadWithoutExamplesTest, HasTheFactsOfTheSetting) {
  const LoadedSetting full = *LoadNamedSetting("glyphs_mlp", "datasets/zoo/glyphs_mlp");
  EXPECT_EQ(Glyphs().facts.SerializeAsString(), full.facts.SerializeAsString());
  EXPECT_EQ(Glyphs().provenance.SerializeAsString(), full.provenance.SerializeAsString());
  EXPECT_EQ(Glyphs().data.train.size(), kTrain);
  EXPECT_EQ(Glyphs().data.test.size(), kTest);
}

TEST(ImportedScoresTest, HaveTheLdsOfTheMethodThatComputedThem) {
  const at::Tensor scores = ScoresOf("grad_dot", {});
  const auto imported = Written({{"anything", scores}}, {{"setting", "glyphs_mlp"}});
  ASSERT_TRUE(imported.ok()) << imported.status();
  const MethodResult result = Evaluate(*imported, {"mine", {}, {}});
  EXPECT_EQ(result.method(), "mine");
  EXPECT_FALSE(result.damped());
  ASSERT_EQ(result.entries_size(), 1);
  const Entry& entry = result.entries(0);
  EXPECT_EQ(entry.status(), OK) << entry.message();
  EXPECT_EQ(entry.tuner(), "default");

  const LoadedSetting loaded = *LoadNamedSetting("glyphs_mlp", "datasets/zoo/glyphs_mlp");
  const MethodResult own = RunMethod(loaded, *FindMethodVariant("grad_dot"), {});
  const Interval &lds = entry.metrics(0).estimate(),
                 &expected = own.entries(0).metrics(0).estimate();
  EXPECT_NEAR(lds.value(), expected.value(), 1e-6);
  EXPECT_NEAR(lds.low(), expected.low(), 1e-5);
  EXPECT_NEAR(lds.high(), expected.high(), 1e-5);
  EXPECT_EQ(result.provenance().zoo_recipe_digest(), own.provenance().zoo_recipe_digest());
  EXPECT_EQ(result.provenance().hyperparameters().at("scores_sha256"),
            Sha256(*ReadWholeFile(Path())));
}

TEST(ImportedScoresTest, EveryFloatingTypeIsRead) {
  const at::Tensor scores = ScoresOf("grad_dot", {});
  std::vector<double> lds;
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf}) {
    // Scaled, as halves end at 65504 and have few digits below 6e-5. LDS knows ratios only.
    const auto imported = Written({{"scores", scores.mul(6e4 / scores.abs().max()).to(type)}});
    ASSERT_TRUE(imported.ok()) << imported.status();
    const Entry entry = Evaluate(*imported, {"mine", {}, {}}).entries(0);
    ASSERT_EQ(entry.status(), OK) << entry.message();
    lds.push_back(entry.metrics(0).estimate().value());
  }
  EXPECT_NEAR(lds[1], lds[0], 1e-4);
  EXPECT_NEAR(lds[2], lds[0], .02);  // 8 bits
  EXPECT_NEAR(lds[3], lds[0], .01);  // 11 bits, fewer for small scores
}

class ImportedGridTest : public testing::Test {
 protected:
  static ImportedScores Grid() {
    static const auto* tensors = new std::map<std::string, at::Tensor>([] {
      std::map<std::string, at::Tensor> result;
      for (const char* damping : {"1e-3", "0.01", "1e-1", "10"}) {
        result[std::string("damping=") + damping] = ScoresOf("fisher", {std::stod(damping)});
      }
      return result;
    }());
    return *Written(*tensors);
  }
};

TEST_F(ImportedGridTest, TunersThatNeedSumsOnlyChooseFromIt) {
  const ImportedScores grid = Grid();
  EXPECT_EQ(grid.dampings, (std::vector<double>{.001, .01, .1, 10}));
  std::vector<std::string> not_run;
  const MethodResult result = Evaluate(grid, {"mine", {}, {}}, &not_run);
  EXPECT_TRUE(result.damped());
  EXPECT_EQ(result.grid_size(), 4);
  EXPECT_EQ(not_run,
            (std::vector<std::string>{"held_out", "mean_eigenvalue", "surrogate_indicator"}));
  ASSERT_EQ(result.entries_size(), 5) << "the grid searches, and no default";
  double best = -1, at = 0;
  for (const GridPoint& point : result.grid()) {
    if (point.metrics().at("lds") > best) at = point.absolute_damping();
    best = std::max(best, point.metrics().at("lds"));
  }
  for (const Entry& entry : result.entries()) {
    EXPECT_EQ(entry.status(), OK) << entry.message();
    EXPECT_EQ(entry.tuner_kind(), SEARCH);
    if (entry.tuner() != "grid_search_50") continue;
    // Half of the subsets are for tuning: on these settings the best damping is the same there.
    EXPECT_EQ(entry.absolute_damping(), at);
    EXPECT_EQ(entry.tuning_cost().retrainings(), Glyphs().facts.num_tuning_subsets());
  }
}

TEST_F(ImportedGridTest, TheDefaultIsTheOneThatIsNamed) {
  const MethodResult result = Evaluate(Grid(), {"mine", 10., {}});
  ASSERT_EQ(result.entries_size(), 6);
  EXPECT_EQ(result.entries(0).tuner(), "default");
  EXPECT_EQ(result.entries(0).absolute_damping(), 10);
  std::vector<std::string> not_run;
  EXPECT_EQ(EvaluateScores(Glyphs(), Grid(), {"mine", .5, {}}, {}, not_run).status(),
            absl::InvalidArgumentError("the default damping is 0.5, must be one of the 4 dampings "
                                       "of " +
                                       Path() + ": 0.001, 0.01, 0.1, 10"));
}

TEST_F(ImportedGridTest, CostsAreThoseThatAreStated) {
  ImportedCost cost;
  cost.mutable_fit()->set_flops(1e12);
  cost.mutable_fit()->set_cpu_seconds(100);
  cost.mutable_scores()->set_flops(2e10);
  cost.set_cpu_model("Somebody's CPU");
  const MethodResult result = Evaluate(Grid(), {"mine", 10., cost});
  EXPECT_EQ(result.machine().cpu_model(), "Somebody's CPU");
  const Entry& entry = result.entries(0);
  EXPECT_EQ(entry.phases().at("fit").flops(), 1e12);
  EXPECT_GE(entry.phases().at("fit").cpu_seconds(), 100);
  EXPECT_NEAR(entry.phases().at("fit").cpu_seconds(), 100, .5);
  EXPECT_EQ(entry.phases().at("scoring").flops(), 2e10);
  EXPECT_EQ(entry.total_cost().flops(), 1.02e12);
  EXPECT_EQ(entry.tuning_cost().flops(), 0);
  // A search pays for the scores at each damping, too.
  for (const Entry& search : result.entries()) {
    if (search.tuner() == "grid_search_50") {
      EXPECT_GE(search.tuning_cost().flops(), 4 * 2e10);
    }
  }

  const MethodResult not_stated = Evaluate(Grid(), {"mine", 10., {}});
  EXPECT_EQ(not_stated.machine().cpu_model(), "not stated");
  for (const Entry& without : not_stated.entries()) {
    EXPECT_FALSE(without.has_total_cost());
    EXPECT_NE(without.message().find("the cost of these scores is not stated"), std::string::npos);
  }
}

TEST(OpenScoresTest, SaysWhatIsWrong) {
  const at::Tensor good = at::ones({kTrain, kTest});
  const auto fault = [&](const std::map<std::string, at::Tensor>& tensors,
                         const std::map<std::string, std::string>& metadata = {}) {
    const absl::Status status = Written(tensors, metadata).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::string message(status.message());
    EXPECT_EQ(message.substr(0, Path().size() + 2), Path() + ": ") << message;
    return message.substr(std::min(message.size(), Path().size() + 2));
  };
  EXPECT_EQ(fault({{"s", good.t()}}),
            "tensor s is [200, 1000], the transpose of [1000 train, 200 test] of glyphs_mlp: save "
            "its transpose, with a row for each training example");
  EXPECT_EQ(fault({{"s", at::ones({kTrain, kTest + 1})}}),
            "tensor s is [1000, 201], must be [1000 train, 200 test] of glyphs_mlp");
  EXPECT_EQ(fault({{"s", good.flatten()}}),
            "tensor s is [200000], must be [1000 train, 200 test] of glyphs_mlp");
  EXPECT_EQ(fault({{"s", good.to(at::kLong)}}),
            "tensor s has type I64, must be F16, BF16, F32 or F64");
  at::Tensor bad = good.clone();
  bad[17][4] = std::nan("");
  bad[900][0] = INFINITY;
  EXPECT_EQ(fault({{"s", bad}}), "tensor s has 2 scores that are not finite, the first at [17, 4]");
  EXPECT_EQ(fault({}), "has no tensor; it must have one, [train, test]");
  EXPECT_EQ(fault({{"a", good}, {"b", good}}),
            "has 2 tensors, and not all are named by their damping (a); keep one, or name each as "
            "in damping=0.01");
  EXPECT_EQ(fault({{"damping=low", good}}),
            "tensor damping=low names no damping; it must be a number of at least 0, as in "
            "damping=0.01");
  EXPECT_EQ(fault({{"damping=-1", good}}),
            "tensor damping=-1 names no damping; it must be a number of at least 0, as in "
            "damping=0.01");
  EXPECT_EQ(fault({{"damping=0.1", good}, {"damping=1e-1", good}}),
            "tensors damping=0.1 and damping=1e-1 are of the same damping");
  EXPECT_EQ(fault({{"damping=0.1", good}, {"damping=1", good.t()}}),
            "tensor damping=1 is [200, 1000], the transpose of [1000 train, 200 test] of "
            "glyphs_mlp: save its transpose, with a row for each training example");
  EXPECT_EQ(fault({{"s", good}}, {{"setting", "mnist_lr"}}),
            "its metadata name the setting mnist_lr, not glyphs_mlp");
  EXPECT_TRUE(absl::IsNotFound(OpenScores(Path() + ".none", Glyphs().facts).status()));
}

}  // namespace
}  // namespace attribench
