// SPDX-License-Identifier: Apache-2.0
//
// Measures how long each method takes in a setting, and compares that with the least time that its
// arithmetic takes. Each method has three benchmarks, all of which fit it once:
//   one_damping    scores at one damping, by the cheapest path to it
//   every_damping  scores at every damping of the grid
//   every_sum      sums of scores over the subsets at every damping: what tuning needs
// Counters:
//   flops        by formula, from the cost ledger
//   bytes        the least that must be read and written: the examples, the parameters of each
//                checkpoint, and the scores (or sums) at each damping
//   floor_s      flops / rate of a large float32 matrix product, or bytes / rate of a large copy,
//                whichever is longer; both rates are measured in this process, on --device
//   x_floor      time / floor_s
//   x_reference  time / time of the reference kernel, which runs before and after each iteration
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
#include "benchmarks/loaded_setting.h"
#include "benchmarks/machine_rates.h"
#include "benchmarks/peak_memory.h"
#include "datasets/clock.h"
#include "datasets/environment.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/reference_kernel.h"
#include "datasets/zoo/trainer.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(std::string, device, "cpu", "where methods compute: cpu, cuda, or cuda:1");
ABSL_FLAG(int, threads, 0, "number of threads; default: one per core");
ABSL_FLAG(std::vector<std::string>, set, {},
          "hyperparameters, as name=value,...; methods that do not have all of them are left out");
ABSL_FLAG(bool, first_variants, false,
          "run only one variant of each method: the first in its hyperparameter file");

namespace attribench {
namespace {

enum class Scoring { kOneDamping, kEveryDamping, kEverySum };

// Sets `bytes` to what must be read and written at least.
absl::Status FitAndScore(const LoadedSetting& loaded, const MethodVariant& variant, Scoring scoring,
                         CostLedger& ledger, double& bytes) {
  AttributionTask task = MakeTask(loaded);
  task.one_damping = scoring == Scoring::kOneDamping;
  bytes = static_cast<double>(task.train.inputs.nbytes() + task.test.inputs.nbytes());
  task.checkpoint = [&bytes, read = task.checkpoint](CheckpointKind kind, int64_t index) {
    absl::StatusOr<Parameters> parameters = read(kind, index);
    if (parameters.ok()) bytes += 4.0 * CountParameters(*parameters);
    return parameters;
  };
  const CostLedger::Phase phase(ledger, "all");
  const auto fitted = FitOnDevice(*variant.method->make(), task, variant.hyperparameters, ledger);
  if (!fitted.ok()) return fitted.status();
  std::vector<Damping> dampings = {Damping{}};
  if (variant.hyperparameters.HasDamping()) {
    dampings = scoring == Scoring::kOneDamping
                   ? std::vector<Damping>{variant.hyperparameters.DefaultDamping()}
                   : variant.hyperparameters.DampingGrid();
  }
  std::unique_ptr<SubsetScorer> scorer;
  if (scoring == Scoring::kEverySum) {
    auto prepared = (*fitted)->ScoreSubsets(loaded.truth.subsets, ledger);
    if (!prepared.ok()) return prepared.status();
    scorer = *std::move(prepared);
  }
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> scores =
        scorer != nullptr ? scorer->Sums(damping, ledger) : (*fitted)->Scores(damping, ledger);
    if (!scores.ok()) return scores.status();
    bytes += static_cast<double>(scores->nbytes());
    benchmark::DoNotOptimize(scores->data_ptr());
  }
  return absl::OkStatus();
}

void Measure(benchmark::State& state, const LoadedSetting& loaded, const MethodVariant& variant,
             Scoring scoring) {
  static const MachineRates rates = MachineRates::Measure(loaded.device);
  static ReferenceKernel reference;
  double flops = 0, bytes = 0, seconds = 0, reference_seconds = reference.Seconds();
  const auto run = [&]() -> absl::StatusOr<double> {
    CostLedger ledger;
    const double start = WallSeconds();
    const absl::Status status = FitAndScore(loaded, variant, scoring, ledger, bytes);
    const double elapsed = WallSeconds() - start;
    // The flops of one phase only: the ledger also charges the training of checkpoints, which takes
    // no time here.
    flops = ledger.phases().at("all").flops;
    if (!status.ok()) return status;
    return elapsed;
  };
  ResetPeakMemory();
  bool first = true;
  for (auto unused : state) {
    absl::StatusOr<double> elapsed = run();
    // Repeats the first run of a quick method: half of its time would go into getting memory from
    // the system.
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
  // Google Benchmark would write the coefficient of variation of zeros as NaN, which is not JSON.
  if (flops > 0) state.counters["flops"] = flops;
  state.counters["bytes"] = bytes;
  state.counters["floor_s"] = floor;
  state.counters["x_floor"] = seconds / floor;
  state.counters["x_reference"] = seconds / reference_seconds;
  state.counters["peak_MiB"] = PeakMemoryBytes() / 1048576.0;
}

void Register(const LoadedSetting& loaded, const MethodVariant& variant) {
  const auto add = [&](const std::string& what, Scoring scoring) {
    benchmark::RegisterBenchmark((variant.name + "/" + what).c_str(),
                                 [&loaded, variant, scoring](benchmark::State& state) {
                                   Measure(state, loaded, variant, scoring);
                                 })
        ->Unit(benchmark::kSecond)
        ->UseManualTime();
  };
  add("one_damping", Scoring::kOneDamping);
  if (!variant.hyperparameters.HasDamping()) return;
  add("every_damping", Scoring::kEveryDamping);
  add("every_sum", Scoring::kEverySum);
}

absl::Status Run() {
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  at::set_num_threads(*threads);
  KeepFreedMemory();
  const absl::StatusOr<at::Device> device = ParseDevice(absl::GetFlag(FLAGS_device));
  if (!device.ok()) return device.status();
  if (const absl::Status ready = PrepareDevice(*device); !ready.ok()) return ready;
  absl::StatusOr<LoadedSetting> loaded =
      LoadNamedSetting(absl::GetFlag(FLAGS_setting), absl::GetFlag(FLAGS_zoo));
  if (!loaded.ok()) return loaded.status();
  loaded->device = *device;
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
      if (!changed.ok()) continue;  // this method lacks a hyperparameter, or refuses a value
      variant.hyperparameters = *changed;
    }
    Register(*loaded, variant);
  }
  benchmark::AddCustomContext("cpu_model", DescribeEnvironment().cpu_model());
  benchmark::AddCustomContext("device", device->is_cpu() ? "cpu" : DeviceName(*device));
  benchmark::AddCustomContext("setting", loaded->facts.name());
  benchmark::AddCustomContext("threads", absl::StrCat(*threads));
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
