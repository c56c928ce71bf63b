// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/run_method.h"

#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/peak_memory.h"
#include "datasets/environment.h"
#include "datasets/exception_status.h"
#include "datasets/models/model_factory.h"
#include "datasets/zoo/trainer.h"
#include "evaluators/metrics/linear_datamodeling_score.h"
#include "evaluators/tuners/damping_sweep.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

constexpr int64_t kResamples = 1000;
constexpr uint64_t kBootstrapSeed = 1;
constexpr char kDefaultTuner[] = "default";

Interval ToInterval(const Estimate& estimate) {
  Interval interval;
  interval.set_value(estimate.value);
  interval.set_low(estimate.low);
  interval.set_high(estimate.high);
  return interval;
}

void ToProto(const Cost& cost, CostRecord* proto) {
  proto->set_retrainings(cost.retrainings);
  proto->set_gradient_evaluations(cost.gradient_evaluations);
  proto->set_hessian_vector_products(cost.hessian_vector_products);
  proto->set_flops(cost.flops);
  proto->set_cpu_seconds(cost.cpu_seconds);
}

Cost OfTraining(const TrainingCost& training) {
  Cost cost;
  cost.retrainings = 1;
  cost.flops = training.flops();
  cost.cpu_seconds = training.cpu_seconds();
  return cost;
}

at::Tensor OfBlock(const at::Tensor& values, const EvaluationBlock& block) {  // [subsets, tests]
  return values.index_select(0, at::tensor(block.subsets, at::kLong))
      .index_select(1, at::tensor(block.tests, at::kLong));
}

// The reporting block's retrained outputs, seeds averaged: [subsets, tests].
at::Tensor ReportingOutputs(const Benchmark& benchmark) {
  return OfBlock(benchmark.truth.negative_loss.to(at::kDouble).mean(1), benchmark.blocks.reporting);
}

absl::Status Guarded(absl::string_view what, const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return StatusOfException(error, what);
  }
}

MethodResult EmptyResult(const Benchmark& benchmark, const MethodVariant& variant) {
  MethodResult result;
  *result.mutable_setting() = benchmark.facts;
  result.set_method(variant.name);
  result.set_damped(variant.hyperparameters.HasDamping());
  Machine* machine = result.mutable_machine();
  const Environment environment = DescribeEnvironment();
  machine->set_cpu_model(environment.cpu_model());
  machine->set_torch_version(environment.torch_version());
  machine->set_num_threads(at::get_num_threads());
  double load = 0;
  if (getloadavg(&load, 1) == 1) machine->set_load_average(load);
  return result;
}

std::vector<RegisteredTuner> TunersFor(const MethodResult& result) {
  const absl::StatusOr<std::vector<RegisteredTuner>> all = RegisteredTuners();
  if (result.damped()) return all.value();
  std::vector<RegisteredTuner> only_default;
  for (const RegisteredTuner& tuner : all.value()) {
    if (tuner.name == kDefaultTuner) only_default.push_back(tuner);
  }
  return only_default;
}

void Fail(const absl::Status& status, Entry& entry) {
  entry.set_status(EntryStatusOf(status));
  entry.set_message(std::string(status.message()));
}

// A tuner's entry while it is made.
struct TunerRun {
  const Tuner* tuner;
  Entry* entry;
  CostLedger ledger;
  Damping damping;
};

// Chooses `run.damping`, where the method has one.
absl::Status Tune(const Benchmark& benchmark, const MethodVariant& variant, DampingSweep& sweep,
                  TunerRun& run) {
  Entry& entry = *run.entry;
  for (const auto& [name, value] : variant.hyperparameters.values())
    (*entry.mutable_hyperparameters())[name] = value;
  if (!variant.hyperparameters.HasDamping()) return absl::OkStatus();
  TuningProblem problem(variant.hyperparameters, sweep, benchmark.truth, benchmark.blocks.tuning,
                        OfTraining(benchmark.zoo.manifest().subset_training()), run.ledger);
  absl::StatusOr<TunedPoint> tuned;
  {
    const CostLedger::Phase phase(run.ledger, "tuning");
    tuned = run.tuner->Tune(problem);
  }
  if (!tuned.ok()) return tuned.status();
  run.damping = tuned->damping;
  entry.set_message(tuned->message);
  (*entry.mutable_hyperparameters())["damping"] = ToString(run.damping);
  const absl::StatusOr<double> absolute = sweep.fitted().AbsoluteDampingOf(run.damping);
  if (!absolute.ok()) return absolute.status();
  entry.set_absolute_damping(*absolute);
  return absl::OkStatus();
}

// What scores at `run.damping` cost, and what they are worth on the reporting block.
absl::Status Evaluate(const Benchmark& benchmark, DampingSweep& sweep, TunerRun& run) {
  Entry& entry = *run.entry;
  CostLedger& ledger = run.ledger;
  const absl::StatusOr<const DampingSweep::Point*> point = sweep.Sums(run.damping, ledger);
  if (!point.ok()) return point.status();
  const absl::StatusOr<Cost> cost = sweep.ScoringCost(run.damping, ledger);
  if (!cost.ok()) return cost.status();
  ledger.Charge("scoring", *cost);

  const at::Tensor predicted = OfBlock((*point)->subset_scores, benchmark.blocks.reporting);
  const at::Tensor outputs = ReportingOutputs(benchmark);
  const absl::StatusOr<std::vector<double>> per_test = LdsPerTest(predicted, outputs);
  if (!per_test.ok()) return per_test.status();
  const absl::StatusOr<Estimate> lds =
      LinearDatamodelingScore(predicted, outputs, kResamples, kBootstrapSeed);
  if (!lds.ok()) return lds.status();
  *entry.mutable_lds() = ToInterval(*lds);
  entry.mutable_lds_per_test()->Add(per_test->begin(), per_test->end());
  return absl::OkStatus();
}

void AddGrid(const Benchmark& benchmark, const MethodVariant& variant, DampingSweep& sweep,
             MethodResult& result) {
  CostLedger nobody;
  const std::vector<Damping> grid = variant.hyperparameters.DampingGrid();
  const auto moments = sweep.Moments(grid, nobody);
  const at::Tensor outputs = ReportingOutputs(benchmark);
  at::Tensor indicator;
  if (moments.ok()) {
    indicator = SurrogateIndicator((*moments)->moments)
                    .index_select(1, at::tensor(benchmark.blocks.tuning.tests, at::kLong))
                    .mean(1);
  }
  for (size_t i = 0; i < grid.size(); ++i) {
    const absl::StatusOr<const DampingSweep::Point*> point = sweep.Sums(grid[i], nobody);
    const absl::StatusOr<double> absolute = sweep.fitted().AbsoluteDampingOf(grid[i]);
    if (!point.ok() || !absolute.ok()) continue;
    const absl::StatusOr<Estimate> lds =
        LinearDatamodelingScore(OfBlock((*point)->subset_scores, benchmark.blocks.reporting),
                                outputs, /*resamples=*/0, kBootstrapSeed);
    if (!lds.ok()) continue;
    GridPoint* grid_point = result.add_grid();
    grid_point->set_damping(grid[i].value);
    grid_point->set_damping_unit(DampingUnit_Name(grid[i].unit));
    grid_point->set_absolute_damping(*absolute);
    grid_point->set_lds(lds->value);
    if (indicator.defined()) grid_point->set_surrogate_indicator(indicator[i].item<double>());
    if (!result.has_oracle_lds() || lds->value > result.oracle_lds())
      result.set_oracle_lds(lds->value);
  }
}

void SetCosts(CostLedger& fit, CostLedger& tuning, Entry& entry) {
  Cost total;
  for (CostLedger* ledger : {&fit, &tuning}) {
    for (const auto& [phase, cost] : ledger->phases()) {
      total += cost;
      ToProto(cost, &(*entry.mutable_phases())[phase]);
    }
  }
  ToProto(total, entry.mutable_total_cost());
  const auto found = tuning.phases().find("tuning");
  ToProto(found == tuning.phases().end() ? Cost() : found->second, entry.mutable_tuning_cost());
  entry.set_wall_seconds(total.wall_seconds);
}

}  // namespace

absl::Status CheckTuners() {
  const absl::StatusOr<std::vector<RegisteredTuner>> tuners = RegisteredTuners();
  if (!tuners.ok()) return tuners.status();
  for (const RegisteredTuner& tuner : *tuners) {
    if (tuner.name == kDefaultTuner) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("no tuner of the program is called ", kDefaultTuner,
                   ": add @attribench//evaluators/tuners:default to its tuners"));
}

absl::StatusOr<Benchmark> LoadBenchmark(const Setting& setting, const std::string& data_root,
                                        const std::string& zoo_folder) {
  absl::StatusOr<DatasetSplit> data = LoadDataset(setting, data_root);
  if (!data.ok()) return data.status();
  absl::StatusOr<Zoo> zoo = Zoo::Open(zoo_folder, setting);
  if (!zoo.ok()) return zoo.status();
  absl::StatusOr<GroundTruth> truth = zoo->ReadGroundTruth();
  if (!truth.ok()) return truth.status();
  absl::StatusOr<std::unique_ptr<Model>> model = MakeModel(setting.model());
  if (!model.ok()) return model.status();
  EvaluationBlocks blocks = SplitIntoBlocks(truth->num_subsets(), setting.dataset().num_test());

  SettingFacts facts;
  facts.set_name(setting.name());
  facts.set_dataset(setting.dataset().name());
  facts.set_synthetic(setting.dataset().has_glyphs() || setting.dataset().synthetic());
  facts.set_model((*model)->Description());
  facts.set_num_train(setting.dataset().num_train());
  facts.set_num_test(setting.dataset().num_test());
  for (const Layer& layer : (*model)->layers()) {
    facts.set_num_parameters(facts.num_parameters() + layer.num_parameters());
  }
  facts.set_num_subsets(truth->num_subsets());
  facts.set_num_seeds(truth->num_seeds());
  facts.set_num_tuning_subsets(static_cast<int64_t>(blocks.tuning.subsets.size()));
  facts.set_num_reporting_subsets(static_cast<int64_t>(blocks.reporting.subsets.size()));
  facts.set_num_tuning_tests(static_cast<int64_t>(blocks.tuning.tests.size()));
  facts.set_num_reporting_tests(static_cast<int64_t>(blocks.reporting.tests.size()));
  const at::Tensor reporting =
      truth->negative_loss.index_select(0, at::tensor(blocks.reporting.subsets, at::kLong))
          .index_select(2, at::tensor(blocks.reporting.tests, at::kLong));
  const absl::StatusOr<Estimate> ceiling = NoiseCeiling(reporting, kResamples, kBootstrapSeed);
  if (ceiling.ok()) *facts.mutable_noise_ceiling() = ToInterval(*ceiling);
  return Benchmark{setting,           *std::move(data),  *std::move(zoo), *std::move(truth),
                   *std::move(model), std::move(blocks), std::move(facts)};
}

AttributionTask MakeTask(const Benchmark& benchmark) {
  AttributionTask task;
  task.train = benchmark.data.train;
  task.test = benchmark.data.test;
  task.model = benchmark.model.get();
  task.memory_limit = benchmark.memory_limit;
  task.checkpoint = [&benchmark](CheckpointKind kind, int64_t index) {
    switch (kind) {
      case CheckpointKind::kFullData:
        return benchmark.zoo.FullDataCheckpoint(index);
      case CheckpointKind::kHalfData:
        return benchmark.zoo.HalfDataCheckpoint(index);
      case CheckpointKind::kAlongRun:
        break;
    }
    return benchmark.zoo.AlongRunCheckpoint(index);
  };
  task.training_cost = [&benchmark](CheckpointKind kind) {
    return OfTraining(kind == CheckpointKind::kHalfData
                          ? benchmark.zoo.manifest().half_data_training()
                          : benchmark.zoo.manifest().full_data_training());
  };
  task.learning_rate = [recipe = benchmark.setting.recipe(),
                        checkpoints =
                            benchmark.setting.checkpoints().num_along_run()](double number) {
    return LearningRate(recipe, 1 - number / static_cast<double>(checkpoints));
  };
  return task;
}

EntryStatus EntryStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return OK;
    case absl::StatusCode::kDataLoss:
      return NOT_A_NUMBER;
    case absl::StatusCode::kFailedPrecondition:
      return SINGULAR;
    case absl::StatusCode::kResourceExhausted:
      return OUT_OF_MEMORY;
    case absl::StatusCode::kDeadlineExceeded:
      return TIMEOUT;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kOutOfRange:
      return REFUSED;
    default:
      return ERROR;
  }
}

MethodResult FailedResult(const Benchmark& benchmark, const MethodVariant& variant,
                          EntryStatus status, const std::string& message) {
  MethodResult result = EmptyResult(benchmark, variant);
  for (const RegisteredTuner& tuner : TunersFor(result)) {
    Entry* entry = result.add_entries();
    entry->set_tuner(tuner.name);
    entry->set_status(status);
    entry->set_message(message);
  }
  return result;
}

MethodResult RunMethod(const Benchmark& benchmark, const MethodVariant& variant) {
  MethodResult result = EmptyResult(benchmark, variant);
  const AttributionTask task = MakeTask(benchmark);
  const std::unique_ptr<AttributionMethod> method = variant.method->make();
  CostLedger fit_ledger;
  std::unique_ptr<FittedAttribution> fitted;
  ResetPeakMemory();
  const absl::Status fit_status = Guarded("fit", [&] {
    const CostLedger::Phase phase(fit_ledger, "fit");
    absl::StatusOr<std::unique_ptr<FittedAttribution>> made =
        method->Fit(task, variant.hyperparameters, fit_ledger);
    if (made.ok()) fitted = *std::move(made);
    return made.status();
  });
  if (!fit_status.ok()) {
    return FailedResult(benchmark, variant, EntryStatusOf(fit_status),
                        std::string(fit_status.message()));
  }
  absl::StatusOr<DampingSweep> sweep;
  const absl::Status sweep_status = Guarded("subset sums", [&] {
    sweep = DampingSweep::Make(*fitted, benchmark.truth.subsets);
    return sweep.status();
  });
  if (!sweep_status.ok()) {
    return FailedResult(benchmark, variant, EntryStatusOf(sweep_status),
                        std::string(sweep_status.message()));
  }
  for (const RegisteredTuner& tuner : TunersFor(result)) {
    TunerRun run;
    run.tuner = tuner.tuner;
    run.entry = result.add_entries();
    run.entry->set_tuner(tuner.name);
    absl::Status status = Guarded("tuning", [&] { return Tune(benchmark, variant, *sweep, run); });
    if (status.ok()) {
      status = Guarded("scoring", [&] { return Evaluate(benchmark, *sweep, run); });
    }
    if (!status.ok()) Fail(status, *run.entry);
    SetCosts(fit_ledger, run.ledger, *run.entry);
  }
  if (result.damped()) {
    (void)Guarded("grid", [&] {
      AddGrid(benchmark, variant, *sweep, result);
      return absl::OkStatus();
    });
  } else if (result.entries(0).status() == OK) {
    result.set_oracle_lds(result.entries(0).lds().value());
  }
  const int64_t peak = PeakMemoryBytes();
  for (Entry& entry : *result.mutable_entries()) entry.set_peak_memory_bytes(peak);
  return result;
}

}  // namespace attribench
