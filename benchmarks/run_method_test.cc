// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/run_method.h"

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/loaded_setting.h"
#include "datasets/dataset.h"
#include "datasets/random_stream.h"
#include "datasets/settings/setting.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/metrics/mislabelled_auc.h"
#include "evaluators/tuners/tuner.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
#include "torch/csrc/api/include/torch/version.h"

namespace attribench {
namespace {

// A method that fails in the way it is told.
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
    if (way_ == "null") return std::unique_ptr<FittedAttribution>();
    if (way_ == "throws a number") throw 42;
    const int64_t n = task.train.size(), t = task.test.size();
    if (way_ == "wide") return MakeUndampedAttribution(at::ones({n, t + 5}));
    if (way_ == "narrow") return MakeUndampedAttribution(at::ones({n, t / 2}));
    if (way_ == "transposed") return MakeUndampedAttribution(at::ones({t, n}));
    if (way_ == "flat") return MakeUndampedAttribution(at::ones({n * t}));
    if (way_ == "undefined") return MakeUndampedAttribution(at::Tensor());
    class Scored : public FittedAttribution {
     public:
      explicit Scored(at::Tensor scores) : scores_(std::move(scores)) {}
      absl::StatusOr<at::Tensor> Scores(const Damping&, CostLedger&) override { return scores_; }

     private:
      at::Tensor scores_;
    };
    const double value = way_ == "nan" ? std::nan("") : 1;
    return std::unique_ptr<FittedAttribution>(new Scored(at::full({n, t}, value, at::kFloat)));
  }

 private:
  std::string way_;
};

LoadedSetting LoadGlyphs() {
  absl::StatusOr<LoadedSetting> loaded =
      LoadIntoMemory(*LoadSetting("glyphs_mlp"), "", "datasets/zoo/glyphs_mlp");
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return *std::move(loaded);
}

const LoadedSetting& Glyphs() {
  static const auto* loaded = new LoadedSetting(LoadGlyphs());
  return *loaded;
}

const std::vector<RegisteredTuner>& Tuners() {
  static const auto* tuners = new std::vector<RegisteredTuner>(*RegisteredTuners());
  return *tuners;
}

MethodResult RunFailing(const std::string& way) {
  const RegisteredMethod method = {
      "failing", {}, [way] { return std::unique_ptr<AttributionMethod>(new Failing(way)); }};
  return RunMethod(Glyphs(), {"failing", &method, *Hyperparameters::Make(method.space, {})},
                   Tuners());
}

TEST(RunMethodTest, FailuresAreEntriesWithTheirReason) {
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
      {"constant", NOT_A_NUMBER,
       "test example 1: its summed scores are the same for all 32 subsets"},
      {"null", ERROR, "a null pointer"},
      {"throws a number", ERROR, "fit: threw something that is no exception"},
      {"wide", ERROR, "scores are [1000, 205], must be [1000 train, 200 test]"},
      {"narrow", ERROR, "scores are [1000, 100], must be [1000 train, 200 test]"},
      {"transposed", ERROR, "scores are [200, 1000], must be [1000 train, 200 test]"},
      {"flat", ERROR, "scores are [200000], must be [1000 train, 200 test]"},
      {"undefined", ERROR, "scores are an undefined tensor"},
  };
  for (const auto& expected : cases) {
    const MethodResult result = RunFailing(expected.way);
    ASSERT_EQ(result.entries_size(), 1) << expected.way;
    EXPECT_EQ(result.entries(0).status(), expected.status)
        << expected.way << ": " << result.entries(0).message();
    EXPECT_TRUE(absl::StrContains(result.entries(0).message(), expected.message))
        << result.entries(0).message();
    EXPECT_FALSE(absl::StrContains(result.entries(0).message(), "\n"));
    EXPECT_TRUE(result.oracle().empty());
    EXPECT_TRUE(result.entries(0).metrics().empty());
  }
}

// Self-influence is that of a fit with all training examples as its test examples.
TEST(RunMethodTest, MislabelledExamplesAreFoundByTheirScoreForThemselves) {
  const Setting setting = *LoadSetting("glyphs_noisy");
  const absl::StatusOr<LoadedSetting> loaded =
      LoadIntoMemory(setting, "", "datasets/zoo/glyphs_noisy");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  std::vector<RegisteredTuner> fixed;
  for (const RegisteredTuner& tuner : Tuners()) {
    if (tuner.name == "mean_eigenvalue") fixed.push_back(tuner);
  }
  for (const char* name : {"fisher", "trak_1", "grad_cos"}) {
    const MethodVariant variant = *FindMethodVariant(name);
    const MethodResult result = RunMethod(*loaded, variant, fixed);
    ASSERT_EQ(result.entries(0).status(), OK) << result.entries(0).message();
    const auto& metrics = result.entries(0).metrics();
    ASSERT_EQ(metrics.rbegin()->name(), "mislabelled_auc") << name;

    AttributionTask task = MakeTask(*loaded);
    task.test = task.train;
    CostLedger nobody;
    const auto fitted = *variant.method->make()->Fit(task, variant.hyperparameters, nobody);
    const Damping damping =
        variant.hyperparameters.HasDamping() ? variant.hyperparameters.DefaultDamping() : Damping();
    const at::Tensor own = fitted->Scores(damping, nobody)->to(at::kDouble).diagonal().contiguous();
    MeasuredScores scores;
    scores.self_scores = [&](const at::Tensor& examples) { return own.index_select(0, examples); };
    const auto expected =
        MakeMislabelledAuc(MislabelledExamples(setting.dataset()))->Measure(scores);
    ASSERT_TRUE(expected.ok()) << expected.status();
    EXPECT_NEAR(metrics.rbegin()->estimate().value(), expected->estimate.value, 1e-3) << name;
    EXPECT_EQ(metrics.rbegin()->per_unit_size(), 100) << name;
  }
}

// Scores of random numbers divided by the damping. Sums are computed in double.
class Divided : public FittedAttribution {
 public:
  Divided(int64_t train, int64_t test, double throws_at)
      : numbers_(at::empty({train, test}, at::kFloat)), throws_at_(throws_at) {
    RandomStream stream(1, "divided");
    for (int64_t i = 0; i < numbers_.numel(); ++i) {
      numbers_.data_ptr<float>()[i] = static_cast<float>(stream.Gaussian());
    }
  }

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger&) override {
    if (damping.value == throws_at_) throw std::runtime_error("a shape is wrong");
    return numbers_.div(damping.value);
  }
  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger&) override {
    return std::unique_ptr<SubsetScorer>(new InDouble(*this, subsets));
  }
  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    return damping.value;
  }

 private:
  class InDouble : public SubsetScorer {
   public:
    InDouble(const Divided& divided, const at::Tensor& subsets)
        : divided_(divided),
          sums_(at::matmul(subsets.to(at::kDouble), divided.numbers_.to(at::kDouble))) {}
    absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger&) override {
      if (damping.value == divided_.throws_at_) throw std::runtime_error("a shape is wrong");
      return sums_.div(damping.value);
    }

   private:
    const Divided& divided_;
    at::Tensor sums_;
  };

  at::Tensor numbers_;
  double throws_at_;
};

class DividedMethod : public AttributionMethod {
 public:
  explicit DividedMethod(double throws_at) : throws_at_(throws_at) {}
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger&) override {
    return std::unique_ptr<FittedAttribution>(
        new Divided(task.train.size(), task.test.size(), throws_at_));
  }

 private:
  double throws_at_;
};

// `dampings` of the text form: default_value and grid.
MethodResult RunDivided(double throws_at, const std::string& dampings) {
  RegisteredMethod method = {
      "divided", {}, [throws_at] {
        return std::unique_ptr<AttributionMethod>(new DividedMethod(throws_at));
      }};
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "hyperparameters { name: 'damping' kind: DAMPING " + dampings + "}", &method.space));
  return RunMethod(Glyphs(), {"divided", &method, *Hyperparameters::Make(method.space, {})},
                   Tuners());
}

TEST(RunMethodTest, AMethodThatThrowsAtOneDampingLosesThatPointAlone) {
  const MethodResult result =
      RunDivided(/*throws_at=*/.01, "default_value: '1' grid: '0.01' grid: '1' grid: '10'");
  ASSERT_EQ(result.grid_size(), 2);
  EXPECT_EQ(result.grid(0).damping(), 1);
  EXPECT_EQ(result.grid(1).damping(), 10);
  EXPECT_EQ(result.oracle().count("lds"), 1);
  int searches = 0;
  for (const Entry& entry : result.entries()) {
    if (entry.tuner_kind() != SEARCH) continue;
    ++searches;
    EXPECT_EQ(entry.status(), OK) << entry.tuner() << ": " << entry.message();
    EXPECT_TRUE(absl::StrContains(entry.message(), "left out 0.01: no LDS there"))
        << entry.message();
  }
  EXPECT_EQ(searches, 5);
}

// At 1e-300 the scores are infinite as float32, although their sums in double are finite: they have
// no LDS for anyone. An absolute damping of .1 is what mean_eigenvalue gives here.
TEST(RunMethodTest, ADampingHasOneVerdict) {
  const MethodResult result =
      RunDivided(/*throws_at=*/-1, "default_value: '1e-300' grid: '1e-300' grid: '1'");
  ASSERT_EQ(result.grid_size(), 1);
  EXPECT_EQ(result.grid(0).damping(), 1);
  for (const Entry& entry : result.entries()) {
    if (entry.tuner() == "default") {
      EXPECT_EQ(entry.status(), NOT_A_NUMBER) << entry.message();
      EXPECT_TRUE(absl::StrContains(entry.message(), "beyond the range of float32"))
          << entry.message();
    } else if (entry.tuner_kind() == SEARCH) {
      EXPECT_EQ(entry.status(), OK) << entry.tuner() << ": " << entry.message();
      EXPECT_EQ(entry.absolute_damping(), 1);
    }
  }
}

TEST(RunMethodTest, AResultNamesItsProvenance) {
  const Provenance provenance =
      FailedResult(Glyphs(), *FindMethodVariant("fisher_10"), Tuners(), ERROR, "").provenance();
  EXPECT_EQ(provenance.zoo_recipe_digest(), Glyphs().provenance.zoo_recipe_digest());
  EXPECT_EQ(provenance.ground_truth_digest(), Glyphs().provenance.ground_truth_digest());
  EXPECT_EQ(provenance.torch_version(), TORCH_VERSION);
  EXPECT_EQ(provenance.hyperparameters().at("checkpoints"), "10");
  EXPECT_TRUE(absl::StrContains(provenance.hyperparameters().at("damping grid"),
                                "0.1 x mean eigenvalue, "));
  absl::Time date;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%dT%H:%M:%SZ", provenance.date(), &date, nullptr));
  EXPECT_LT(absl::AbsDuration(absl::Now() - date), absl::Hours(1));
}

class FisherOnGlyphsTest : public testing::Test {
 protected:
  static const MethodResult& Result() {
    static const auto* result =
        new MethodResult(RunMethod(Glyphs(), *FindMethodVariant("fisher"), Tuners()));
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
  ASSERT_EQ(Result().entries_size(), 9);
  for (const Entry& entry : Result().entries()) {
    ASSERT_EQ(entry.status(), OK) << entry.tuner() << ": " << entry.message();
    ASSERT_EQ(entry.metrics_size(), 2);
    EXPECT_EQ(entry.metrics(1).name(), "lds_margin");
    const MetricValue& lds = entry.metrics(0);
    EXPECT_EQ(lds.name(), "lds");
    double mean = 0;
    for (const double value : lds.per_unit()) mean += value / lds.per_unit_size();
    EXPECT_EQ(lds.per_unit_size(), 100);
    EXPECT_EQ(lds.per_subset_size(), 32);
    EXPECT_NEAR(lds.estimate().value(), mean, 1e-12);
    EXPECT_GE(lds.estimate().value(), lds.estimate().low());
    EXPECT_LE(lds.estimate().value(), lds.estimate().high());
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
    EXPECT_EQ(entry.phases().at("training").retrainings(), 1) << "of the method's own model";
    EXPECT_GT(entry.phases().at("scoring").flops(), 0);
    EXPECT_GT(entry.peak_memory_bytes(), 1000 * 1000 * 4) << "at least the kernel matrix";
    EXPECT_GT(entry.absolute_damping(), 0);
  }
}

// 1,000 training and 200 test examples. The selector needs the eigendecomposition of the kernel, 9
// n^3 operations and 2 n^2 t to rotate the products with the test gradients; and the moments. An
// attribution does without it: it takes a Cholesky factor, n^3 / 3, of which the sweep's scores are
// free.
TEST_F(FisherOnGlyphsTest, TheSelectorPaysForItsEigendecomposition) {
  const double n = 1000, t = 200;
  EXPECT_DOUBLE_EQ(Of("surrogate_indicator").phases().at("scoring").flops(),
                   n * n * n / 3 + 2 * n * n * t);
  const double moments = (6.0 * Result().grid_size() + 1) * n * t;
  EXPECT_DOUBLE_EQ(Of("surrogate_indicator").tuning_cost().flops(),
                   9 * n * n * n + 2 * n * n * t + moments - n * n * n / 3);
  EXPECT_GT(Of("surrogate_indicator").tuning_cost().cpu_seconds(), 0);
}

TEST_F(FisherOnGlyphsTest, OnlyWhatRetrainsIsChargedForIt) {
  for (const char* tuner : {"default", "mean_eigenvalue", "surrogate_indicator"}) {
    EXPECT_EQ(Of(tuner).tuning_cost().retrainings(), 0) << tuner;
  }
  const CostRecord& cost = Of("mean_eigenvalue").tuning_cost();
  EXPECT_TRUE(Of("mean_eigenvalue").has_tuning_cost());
  EXPECT_EQ(cost.flops() + cost.gradient_evaluations() + cost.cpu_seconds(), 0);
  EXPECT_EQ(Of("default").tuning_cost().flops(), Of("held_out").tuning_cost().flops());
  EXPECT_GT(Of("surrogate_indicator").tuning_cost().flops(), 0);
  for (const int m : {2, 5, 10, 20}) {
    EXPECT_EQ(Of("grid_search_" + std::to_string(m)).tuning_cost().retrainings(), m);
  }
  EXPECT_EQ(Of("grid_search_50").tuning_cost().retrainings(), 32) << "the whole tuning block";
  EXPECT_TRUE(absl::StrContains(Of("grid_search_50").message(), "all 32"));
}

TEST_F(FisherOnGlyphsTest, TheOracleBoundsTheGrid) {
  ASSERT_EQ(Result().grid_size(), 21);
  double best = -1;
  for (const GridPoint& point : Result().grid()) best = std::max(best, point.metrics().at("lds"));
  EXPECT_EQ(Result().oracle().at("lds"), best);
  EXPECT_LE(Of("grid_search_20").metrics(0).estimate().value(), best + 1e-6);
  EXPECT_GT(best, 0.5);
}

TEST_F(FisherOnGlyphsTest, AnEntryAtAGridPointHasItsInterval) {
  const Entry& search = Of("grid_search_50");
  const Interval& there = search.metrics(0).estimate();
  int found = 0;
  for (const GridPoint& point : Result().grid()) {
    const Interval& interval = point.intervals().at("lds");
    EXPECT_EQ(interval.value(), point.metrics().at("lds"));
    EXPECT_LT(interval.low(), interval.value());
    EXPECT_LT(interval.value(), interval.high());
    if (point.absolute_damping() != search.absolute_damping()) continue;
    ++found;
    EXPECT_EQ(interval.low(), there.low());
    EXPECT_EQ(interval.value(), there.value());
    EXPECT_EQ(interval.high(), there.high());
  }
  EXPECT_EQ(found, 1);
}

TEST_F(FisherOnGlyphsTest, EntriesNameTheKindOfTheirTunerAndItsCriterion) {
  EXPECT_TRUE(Result().damped());
  for (const auto& [name, tuner] : Tuners()) {
    if (!tuner->AppliesTo(*FindMethodVariant("fisher")) || name == "default") continue;
    const TunerKindRecord kind = Of(name).tuner_kind();
    EXPECT_EQ(kind == FIXED_VALUE, tuner->kind() == TunerKind::kFixedValue) << name;
    EXPECT_EQ(kind == SEARCH, tuner->kind() == TunerKind::kSearch) << name;
    EXPECT_EQ(kind == SELECTOR, tuner->kind() == TunerKind::kSelector) << name;
    if (kind == FIXED_VALUE) {
      EXPECT_EQ(Of(name).criterion_size(), 0) << name;
    }
    for (int i = 0; i < Of(name).criterion_size(); ++i) {
      const CriterionRecord& point = Of(name).criterion(i);
      EXPECT_EQ(point.damping_unit(), Result().grid(0).damping_unit()) << name;
      if (i == 0) continue;
      EXPECT_GT(point.damping(), Of(name).criterion(i - 1).damping()) << name;
    }
  }
  EXPECT_EQ(Of("surrogate_indicator").criterion_size(), Result().grid_size());
  EXPECT_EQ(Of("default").chosen_by(), "held_out");
  EXPECT_EQ(Of("default").tuner_kind(), SELECTOR);
  EXPECT_EQ(Of("default").absolute_damping(), Of("held_out").absolute_damping());
  EXPECT_EQ(Of("held_out").chosen_by(), "");
}

// Looks at everything: dampings, the method's checkpoints and one that the method did not read, a
// refit, and charges of its own, in phases with the names of the method's.
class LooksAtEverything : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kSelector; }
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override {
    const Damping damping = problem.hyperparameters().DefaultDamping();
    if (const auto lds = problem.Lds(damping, 2); !lds.ok()) return lds.status();
    if (const auto all = problem.Checkpoints(); !all.ok()) return all.status();
    const auto task = problem.Task();
    if (!task.ok()) return task.status();
    const auto fitted = problem.Fit(*task);
    if (!fitted.ok()) return fitted.status();
    const auto read = ReadCheckpoint(*task, CheckpointKind::kFullData, 1, problem.ledger());
    if (!read.ok()) return read.status();
    for (const char* phase : {"training", "fit", "scoring", "gradients"}) {
      Cost cost;
      cost.flops = kOwnFlops;
      problem.ledger().Charge(phase, cost);
    }
    return TunedPoint{damping, "", {}};
  }

  static constexpr double kOwnFlops = 1e15;
};

struct CostField {
  const char* name;
  double (CostRecord::*get)() const;
};
constexpr CostField kCostFields[] = {
    {"retrainings", &CostRecord::retrainings},
    {"gradient_evaluations", &CostRecord::gradient_evaluations},
    {"flops", &CostRecord::flops},
    {"cpu_seconds", &CostRecord::cpu_seconds},
    {"hessian_vector_products", &CostRecord::hessian_vector_products},
};

// For every tuner: total = sum of the phases = one attribution + tuning, where one attribution is
// that of an entry whose tuner looks at nothing. Sums of doubles in another order: 1e-12 of the
// total.
TEST(RunMethodTest, CostsAreConserved) {
  const LooksAtEverything looks_at_everything;
  std::vector<RegisteredTuner> tuners = Tuners();
  tuners.push_back({"looks_at_everything", &looks_at_everything});
  for (const char* method : {"fisher", "influence_cg", "trak_1"}) {
    const MethodResult result = RunMethod(Glyphs(), *FindMethodVariant(method), tuners);
    int applying = 0;
    for (const auto& [name, tuner] : tuners) {
      applying += tuner->AppliesTo(*FindMethodVariant(method));
    }
    ASSERT_EQ(result.entries_size(), applying);
    const Entry* fixed = nullptr;
    for (const Entry& entry : result.entries()) {
      if (entry.tuner() == "mean_eigenvalue") fixed = &entry;
    }
    ASSERT_NE(fixed, nullptr);
    for (const Entry& entry : result.entries()) {
      ASSERT_EQ(entry.status(), OK) << entry.message();
      for (const auto& [name, get] : kCostFields) {
        SCOPED_TRACE(std::string(method) + ", " + entry.tuner() + ", " + name);
        double phases = 0;
        for (const auto& [phase, cost] : entry.phases()) phases += (cost.*get)();
        const double total = (entry.total_cost().*get)(), tuning = (entry.tuning_cost().*get)();
        EXPECT_NEAR(total, phases, 1e-12 * total);
        EXPECT_NEAR(total, (fixed->total_cost().*get)() + tuning, 1e-12 * total);
        EXPECT_GE(tuning, 0);
        if (entry.tuner_kind() == FIXED_VALUE) {
          EXPECT_EQ(tuning, 0);
        }
      }
    }
    const Entry& last = result.entries(result.entries_size() - 1);
    EXPECT_GE(last.tuning_cost().flops(), 4 * LooksAtEverything::kOwnFlops);
    EXPECT_EQ(last.tuning_cost().retrainings(), 2 + 1) << "two subsets and one checkpoint";
  }
}

TEST(RunMethodTest, MachinesThatTrainedAndScoredAreNamed) {
  const MethodResult result = RunMethod(Glyphs(), *FindMethodVariant("grad_dot"), Tuners());
  EXPECT_EQ(result.machine().training_cpu_model(),
            Glyphs().zoo.manifest().environment().cpu_model());
  EXPECT_FALSE(result.machine().cpu_model().empty());
  EXPECT_GT(result.machine().reference_kernel_cpu_seconds(), 0);
  EXPECT_EQ(result.machine().has_training_reference_kernel_cpu_seconds(),
            Glyphs().zoo.manifest().subset_training().has_reference_kernel_cpu_seconds());
}

TEST(RunMethodTest, NoiseIsAtZeroWithinItsInterval) {
  const MethodResult result = RunMethod(Glyphs(), *FindMethodVariant("random"), Tuners());
  ASSERT_EQ(result.entries_size(), 1) << "a method without damping has one entry";
  EXPECT_EQ(result.entries(0).tuner(), "default");
  EXPECT_EQ(result.entries(0).tuner_kind(), FIXED_VALUE);
  const Interval& lds = result.entries(0).metrics(0).estimate();
  EXPECT_LT(lds.low(), 0);
  EXPECT_GT(lds.high(), 0);
  EXPECT_EQ(result.oracle().at("lds"), lds.value());
}

// The mean absolute score of each of the first three training examples. It reads the whole matrix.
class ScoreSize : public Metric {
 public:
  std::string name() const override { return "score_size"; }
  std::string unit() const override { return "training example"; }
  Direction direction() const override { return Direction::kLowerIsBetter; }
  std::optional<Estimate> Ceiling() const override { return std::nullopt; }

  absl::StatusOr<Measurement> Measure(const MeasuredScores& scores) const override {
    const absl::StatusOr<at::Tensor> all = scores.scores();
    if (!all.ok()) return all.status();
    Measurement measured;
    for (int i = 0; i < 3; ++i) {
      measured.per_unit.push_back((*all)[i].abs().mean().item<double>());
      measured.estimate.value += measured.per_unit.back() / 3;
    }
    return measured;
  }
};

// Scores shrink as damping grows, so the lowest value is that of the largest damping.
TEST(RunMethodTest, EveryMetricIsMeasuredInItsOwnDirection) {
  LoadedSetting loaded = LoadGlyphs();
  loaded.metrics.push_back(std::make_unique<ScoreSize>());
  const MethodResult result = RunMethod(loaded, *FindMethodVariant("fisher"), Tuners());
  for (const Entry& entry : result.entries()) {
    ASSERT_EQ(entry.metrics_size(), 3) << entry.tuner() << ": " << entry.message();
    EXPECT_EQ(entry.metrics(0).name(), "lds");
    EXPECT_EQ(entry.metrics(2).name(), "score_size");
    EXPECT_EQ(entry.metrics(2).per_unit_size(), 3);
  }
  ASSERT_GT(result.grid_size(), 1);
  const auto& last = result.grid(result.grid_size() - 1);
  EXPECT_LT(last.metrics().at("score_size"), result.grid(0).metrics().at("score_size"));
  EXPECT_EQ(result.oracle().at("score_size"), last.metrics().at("score_size"));
}

// A metric that has no value is a failure of the entry, and the entry then has no metrics at all.
class NeverANumber : public ScoreSize {
 public:
  std::string name() const override { return "never"; }
  absl::StatusOr<Measurement> Measure(const MeasuredScores&) const override {
    return absl::DataLossError("never a number");
  }
};

TEST(RunMethodTest, AMetricWithoutValueIsAFailure) {
  LoadedSetting loaded = LoadGlyphs();
  loaded.metrics.push_back(std::make_unique<NeverANumber>());
  const MethodResult result = RunMethod(loaded, *FindMethodVariant("random"), Tuners());
  EXPECT_EQ(result.entries(0).status(), NOT_A_NUMBER);
  EXPECT_EQ(result.entries(0).message(), "never a number");
  EXPECT_EQ(result.entries(0).metrics_size(), 0);
  EXPECT_TRUE(result.oracle().empty());
}

TEST(RunMethodTest, AFailedResultHasTheEntriesOfARun) {
  const MethodResult failed =
      FailedResult(Glyphs(), *FindMethodVariant("fisher"), Tuners(), TIMEOUT, "took too long");
  std::vector<std::string> names;
  for (const auto& [name, tuner] : Tuners()) {
    if (tuner->AppliesTo(*FindMethodVariant("fisher"))) names.push_back(name);
  }
  ASSERT_EQ(failed.entries_size(), names.size());
  for (int i = 0; i < failed.entries_size(); ++i) {
    EXPECT_EQ(failed.entries(i).tuner(), names[i]);
    EXPECT_NE(failed.entries(i).tuner_kind(), TUNER_KIND_UNSPECIFIED);
    EXPECT_EQ(failed.entries(i).status(), TIMEOUT);
    EXPECT_EQ(failed.entries(i).message(), "took too long");
  }
}

}  // namespace
}  // namespace attribench
