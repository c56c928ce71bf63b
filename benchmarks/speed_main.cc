// SPDX-License-Identifier: Apache-2.0
//
// How long each method takes in a setting, beside what its arithmetic must take. Per method: one
// fit with scores at one damping, the same with scores at every damping of the grid, and with their
// sums over the subsets at every damping (what tuning needs). Counters:
//   flops        by formula, as the cost ledger has them
//   bytes        what must at least be read and written: the examples, the parameters of each
//                checkpoint, and the scores (or sums) at each damping
//   floor_s      the longer of flops over the rate of a large float32 matrix product and bytes over
//                that of a large copy, both measured in this process
//   x_floor      time over floor_s
//   x_reference  time over that of the reference kernel, timed before and after each iteration
//   peak_MiB     peak resident memory
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "benchmarks/machine_rates.h"
#include "benchmarks/peak_memory.h"
#include "benchmarks/reference_kernel.h"
#include "benchmarks/run_method.h"
#include "datasets/clock.h"
#include "datasets/data_root.h"
#include "datasets/environment.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/project_path.h"
#include "datasets/settings/setting.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/trainer.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(int, threads, 0, "default: one per core");
ABSL_FLAG(std::vector<std::string>, set, {},
          "hyperparameters, as name=value,...; methods without them are left out");
ABSL_FLAG(bool, first_variants, false, "of each method only the variant that its file names first");

namespace attribench {
namespace {

enum class Scoring { kOneDamping, kEveryDamping, kEverySum };

// `bytes` is what must be read and written.
absl::Status FitAndScore(const Benchmark& benchmark, const MethodVariant& variant, Scoring scoring,
                         CostLedger& ledger, double& bytes) {
  AttributionTask task = MakeTask(benchmark);
  bytes = static_cast<double>(task.train.inputs.nbytes() + task.test.inputs.nbytes());
  task.checkpoint = [&bytes, read = task.checkpoint](CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> parameters = read(kind, index);
    if (parameters.ok()) bytes += 4.0 * CountParameters(*parameters);
    return parameters;
  };
  const CostLedger::Phase phase(ledger, "all");
  const auto fitted = variant.method->make()->Fit(task, variant.hyperparameters, ledger);
  if (!fitted.ok()) return fitted.status();
  std::vector<Damping> dampings = {Damping{}};
  if (variant.hyperparameters.HasDamping()) {
    dampings = scoring == Scoring::kOneDamping
                   ? std::vector<Damping>{variant.hyperparameters.DefaultDamping()}
                   : variant.hyperparameters.DampingGrid();
  }
  if (scoring == Scoring::kEverySum) {
    if (const absl::Status status = (*fitted)->PrepareSubsets(benchmark.truth.subsets, ledger);
        !status.ok())
      return status;
  }
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> scores = scoring == Scoring::kEverySum
                                                  ? (*fitted)->SubsetScores(damping, ledger)
                                                  : (*fitted)->Scores(damping, ledger);
    if (!scores.ok()) return scores.status();
    bytes += static_cast<double>(scores->nbytes());
    benchmark::DoNotOptimize(scores->data_ptr());
  }
  return absl::OkStatus();
}

void Measure(benchmark::State& state, const Benchmark& loaded, const MethodVariant& variant,
             Scoring scoring) {
  static const MachineRates rates = MachineRates::Measure();
  static ReferenceKernel reference;
  double flops = 0, bytes = 0, seconds = 0, reference_seconds = reference.Seconds();
  const auto run = [&]() -> absl::StatusOr<double> {
    CostLedger ledger;
    const double start = WallSeconds();
    const absl::Status status = FitAndScore(loaded, variant, scoring, ledger, bytes);
    const double elapsed = WallSeconds() - start;
    // The training of checkpoints is in the ledger but not in this time.
    flops = ledger.phases().at("all").flops;
    if (!status.ok()) return status;
    return elapsed;
  };
  ResetPeakMemory();
  bool first = true;
  for (auto unused : state) {
    absl::StatusOr<double> elapsed = run();
    // A quick method's first run warms up: memory that the system hands out anew would be half of
    // it.
    if (first && elapsed.ok() && *elapsed < 1) elapsed = run();
    first = false;
    if (!elapsed.ok()) {
      state.SkipWithError(std::string(elapsed.status().message()).c_str());
      return;
    }
    state.SetIterationTime(*elapsed);
    seconds += *elapsed;
    reference_seconds += reference.Seconds();
  }
  seconds /= state.iterations();
  reference_seconds /= state.iterations() + 1;
  const double floor = rates.FloorSeconds(flops, bytes);
  // Without any, their coefficient of variation would be NaN, which is not JSON.
  if (flops > 0) state.counters["flops"] = flops;
  state.counters["bytes"] = bytes;
  state.counters["floor_s"] = floor;
  state.counters["x_floor"] = seconds / floor;
  state.counters["x_reference"] = seconds / reference_seconds;
  state.counters["peak_MiB"] = PeakMemoryBytes() / 1048576.0;
}

absl::Status Run() {
  const int threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  at::set_num_threads(threads);
  KeepFreedMemory();
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  std::string zoo = absl::GetFlag(FLAGS_zoo);
  zoo = zoo.empty() ? absl::StrCat(ProjectPath("datasets/zoo"), "/", setting->name())
                    : InWorkingDirectory(zoo);
  static const absl::StatusOr<Benchmark> loaded = LoadBenchmark(*setting, DataRoot(), zoo);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<std::vector<MethodVariant>> variants = MethodVariants();
  if (!variants.ok()) return variants.status();
  std::map<std::string, std::string> overrides;
  for (const std::string& assignment : absl::GetFlag(FLAGS_set)) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(assignment, absl::MaxSplits('=', 1));
    overrides.insert(parts);
  }
  std::set<const RegisteredMethod*> seen;
  for (MethodVariant variant : *variants) {
    if (!seen.insert(variant.method).second && absl::GetFlag(FLAGS_first_variants)) continue;
    if (!overrides.empty()) {
      std::map<std::string, std::string> values = overrides;
      values.insert(variant.hyperparameters.values().begin(),
                    variant.hyperparameters.values().end());
      const auto changed = Hyperparameters::Make(variant.method->space, values);
      if (!changed.ok()) continue;  // not a hyperparameter, or not a value, of this method
      variant.hyperparameters = *changed;
    }
    const auto add = [&](const std::string& what, Scoring scoring) {
      benchmark::RegisterBenchmark((variant.name + "/" + what).c_str(),
                                   [variant, scoring](benchmark::State& state) {
                                     Measure(state, *loaded, variant, scoring);
                                   })
          ->Unit(benchmark::kSecond)
          ->UseManualTime();
    };
    add("one_damping", Scoring::kOneDamping);
    if (!variant.hyperparameters.HasDamping()) continue;
    add("every_damping", Scoring::kEveryDamping);
    add("every_sum", Scoring::kEverySum);
  }
  benchmark::AddCustomContext("cpu_model", DescribeEnvironment().cpu_model());
  benchmark::AddCustomContext("setting", setting->name());
  benchmark::AddCustomContext("threads", absl::StrCat(threads));
  benchmark::RunSpecifiedBenchmarks();
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  benchmark::Initialize(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = attribench::Run();
  if (!status.ok()) std::cerr << "speed: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
