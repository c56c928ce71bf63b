// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/run_method.h"

#include <cmath>
#include <stdexcept>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/settings/setting.h"
#include "gtest/gtest.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// Methods that fail, each in its own way.
class Failing : public AttributionMethod {
 public:
  explicit Failing(std::string way) : way_(std::move(way)) {}

  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger&) override {
    if (way_ == "throws") throw std::runtime_error("a shape is wrong\nand a long trace");
    if (way_ == "too large") return absl::ResourceExhaustedError("needs 12 TB");
    if (way_ == "allocates") at::empty({int64_t{1} << 46}, at::kFloat);
    if (way_ == "refuses") return absl::InvalidArgumentError("only for convex models");
    class Scored : public FittedAttribution {
     public:
      explicit Scored(at::Tensor scores) : scores_(std::move(scores)) {}
      absl::StatusOr<at::Tensor> Scores(const Damping&, CostLedger&) override { return scores_; }

     private:
      at::Tensor scores_;
    };
    const double value = way_ == "nan" ? std::nan("") : 1;
    return std::unique_ptr<FittedAttribution>(
        new Scored(at::full({task.train.size(), task.test.size()}, value, at::kFloat)));
  }

 private:
  std::string way_;
};

const Benchmark& Glyphs() {
  static const auto* benchmark = new Benchmark([] {
    absl::StatusOr<Benchmark> loaded =
        LoadBenchmark(*LoadSetting("glyphs_mlp"), "", "datasets/zoo/glyphs_mlp");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return *std::move(loaded);
  }());
  return *benchmark;
}

MethodResult RunFailing(const std::string& way) {
  const RegisteredMethod method = {
      "failing", {}, [way] { return std::unique_ptr<AttributionMethod>(new Failing(way)); }};
  return RunMethod(Glyphs(), {"failing", &method, *Hyperparameters::Make(method.space, {})});
}

TEST(RunMethodTest, FailuresAreRowsWithTheirReason) {
  const struct {
    const char* way;
    EntryStatus status;
    const char* message;
  } cases[] = {
      {"throws", ERROR, "a shape is wrong"},
      {"too large", OUT_OF_MEMORY, "12 TB"},
      {"allocates", OUT_OF_MEMORY, "allocate memory"},
      {"refuses", REFUSED, "convex"},
      {"nan", NOT_A_NUMBER, "200000 of 200000 scores"},
      {"constant", NOT_A_NUMBER, "constant"},
  };
  for (const auto& expected : cases) {
    const MethodResult result = RunFailing(expected.way);
    ASSERT_EQ(result.entries_size(), 1) << expected.way;
    EXPECT_EQ(result.entries(0).status(), expected.status)
        << expected.way << ": " << result.entries(0).message();
    EXPECT_TRUE(absl::StrContains(result.entries(0).message(), expected.message))
        << result.entries(0).message();
    EXPECT_FALSE(absl::StrContains(result.entries(0).message(), "\n"));
    EXPECT_FALSE(result.has_oracle_lds());
  }
}

class FisherOnGlyphsTest : public testing::Test {
 protected:
  static const MethodResult& Result() {
    static const auto* result = new MethodResult(RunMethod(Glyphs(), *FindMethodVariant("fisher")));
    return *result;
  }
  static const Entry& Of(const std::string& tuner) {
    for (const Entry& entry : Result().entries()) {
      if (entry.tuner() == tuner) return entry;
    }
    ADD_FAILURE() << "no entry of " << tuner;
    return Result().entries(0);
  }
};

TEST_F(FisherOnGlyphsTest, EveryTunerHasAnEntryWithItsCosts) {
  ASSERT_EQ(Result().entries_size(), 8);
  for (const Entry& entry : Result().entries()) {
    ASSERT_EQ(entry.status(), OK) << entry.tuner() << ": " << entry.message();
    double mean = 0;
    for (const double lds : entry.lds_per_test()) mean += lds / entry.lds_per_test_size();
    EXPECT_EQ(entry.lds_per_test_size(), 100);
    EXPECT_NEAR(entry.lds().value(), mean, 1e-12);
    EXPECT_GE(entry.lds().value(), entry.lds().low());
    EXPECT_LE(entry.lds().value(), entry.lds().high());
    CostRecord sum;
    for (const auto& [phase, cost] : entry.phases()) {
      EXPECT_GE(cost.cpu_seconds(), 0) << phase;
      sum.set_retrainings(sum.retrainings() + cost.retrainings());
      sum.set_flops(sum.flops() + cost.flops());
      sum.set_cpu_seconds(sum.cpu_seconds() + cost.cpu_seconds());
    }
    EXPECT_DOUBLE_EQ(entry.total_cost().retrainings(), sum.retrainings());
    EXPECT_DOUBLE_EQ(entry.total_cost().flops(), sum.flops());
    EXPECT_NEAR(entry.total_cost().cpu_seconds(), sum.cpu_seconds(), 1e-9);
    EXPECT_EQ(entry.phases().at("training").retrainings(), 1);
    EXPECT_GT(entry.phases().at("scoring").flops(), 0);
    EXPECT_GT(entry.peak_memory_bytes(), 1000 * 1000 * 4) << "at least the kernel matrix";
    EXPECT_GT(entry.absolute_damping(), 0);
  }
}

TEST_F(FisherOnGlyphsTest, OnlyWhatRetrainsIsChargedForIt) {
  for (const char* tuner : {"default", "mean_eigenvalue", "surrogate_indicator"}) {
    EXPECT_EQ(Of(tuner).tuning_cost().retrainings(), 0) << tuner;
  }
  EXPECT_EQ(Of("default").tuning_cost().flops(), 0);
  EXPECT_GT(Of("surrogate_indicator").tuning_cost().flops(), 0);
  for (const int m : {2, 5, 10, 20}) {
    EXPECT_EQ(Of("grid_search_" + std::to_string(m)).tuning_cost().retrainings(), m);
  }
  EXPECT_EQ(Of("grid_search_50").tuning_cost().retrainings(), 32) << "the whole tuning block";
  EXPECT_TRUE(absl::StrContains(Of("grid_search_50").message(), "all 32"));
}

TEST_F(FisherOnGlyphsTest, TheOracleBoundsTheGrid) {
  ASSERT_EQ(Result().grid_size(), 15);
  double best = -1;
  for (const GridPoint& point : Result().grid()) best = std::max(best, point.lds());
  EXPECT_EQ(Result().oracle_lds(), best);
  EXPECT_LE(Of("grid_search_20").lds().value(), best + 1e-6);
  EXPECT_GT(best, 0.5);
}

TEST_F(FisherOnGlyphsTest, FactsAndCeiling) {
  const SettingFacts& facts = Result().setting();
  EXPECT_TRUE(facts.synthetic());
  EXPECT_EQ(facts.num_parameters(), 25450);
  EXPECT_EQ(facts.num_tuning_subsets() + facts.num_reporting_subsets(), facts.num_subsets());
  EXPECT_GT(facts.noise_ceiling().value(), 0.9);
  EXPECT_LT(facts.noise_ceiling().value(), 1);
  EXPECT_TRUE(Result().damped());
}

TEST(RunMethodTest, NoiseIsAtZeroWithinItsInterval) {
  const MethodResult result = RunMethod(Glyphs(), *FindMethodVariant("random"));
  ASSERT_EQ(result.entries_size(), 1) << "nothing to tune: the default alone";
  EXPECT_LT(result.entries(0).lds().low(), 0);
  EXPECT_GT(result.entries(0).lds().high(), 0);
}

TEST(BlocksTest, HalvesAreDisjointAndWhole) {
  const EvaluationBlocks blocks = SplitIntoBlocks(5, 4);
  EXPECT_EQ(blocks.tuning.subsets, (std::vector<int64_t>{0, 2, 4}));
  EXPECT_EQ(blocks.reporting.subsets, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(blocks.tuning.tests, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(blocks.reporting.tests, (std::vector<int64_t>{1, 3}));
}

}  // namespace
}  // namespace attribench
