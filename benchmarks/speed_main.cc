// SPDX-License-Identifier: Apache-2.0
//
// How long each method takes in a setting, beside what its arithmetic must take. Per method: one
// fit with scores at one damping, the same with scores at every damping of the grid, and with their
// sums over the subsets at every damping (what tuning needs). Counters:
//   flops        by formula, as the cost ledger has them
//   floor_s      flops over the rate of a large float32 matrix product measured in this process
//   x_floor      time over floor_s
//   x_reference  time over that of the reference kernel, timed before and after each iteration
//   peak_MiB     peak resident memory
#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "benchmarks/peak_memory.h"
#include "benchmarks/reference_kernel.h"
#include "benchmarks/run_method.h"
#include "datasets/arithmetic.h"
#include "datasets/data_root.h"
#include "datasets/project_path.h"
#include "datasets/setting.h"
#include "datasets/working_directory.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(int, threads, 0, "default: one per core");
ABSL_FLAG(bool, first_variants, false, "of each method only the variant that its file names first");

namespace attribench {
namespace {

enum class Scoring { kOneDamping, kEveryDamping, kEverySum };

// Operations a second of C = A B, 1,024 x 1,024, float32: the median of nine.
double MatrixProductRate() {
  constexpr int64_t kSide = 1024;
  const at::Tensor a = at::rand({kSide, kSide}), b = at::rand({kSide, kSide});
  std::vector<double> rates;
  for (int i = 0; i < 9; ++i) {
    const double start = WallSeconds();
    benchmark::DoNotOptimize(at::matmul(a, b));
    rates.push_back(2.0 * kSide * kSide * kSide / (WallSeconds() - start));
  }
  std::sort(rates.begin(), rates.end());
  return rates[4];
}

absl::Status FitAndScore(const Benchmark& benchmark, const MethodVariant& variant, Scoring scoring,
                         CostLedger& ledger) {
  const AttributionTask task = MakeTask(benchmark);
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
    benchmark::DoNotOptimize(scores->data_ptr());
  }
  return absl::OkStatus();
}

void Measure(benchmark::State& state, const Benchmark& loaded, const MethodVariant& variant,
             Scoring scoring) {
  static const double rate = MatrixProductRate();
  static ReferenceKernel reference;
  double flops = 0, seconds = 0, reference_seconds = reference.Seconds();
  const auto run = [&]() -> absl::StatusOr<double> {
    CostLedger ledger;
    const double start = WallSeconds();
    const absl::Status status = FitAndScore(loaded, variant, scoring, ledger);
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
  if (flops > 0) {
    state.counters["flops"] = flops;
    state.counters["floor_s"] = flops / rate;
    state.counters["x_floor"] = seconds * rate / flops;
  }
  state.counters["x_reference"] = seconds / reference_seconds;
  state.counters["peak_MiB"] = PeakMemoryBytes() / 1048576.0;
}

absl::Status Run() {
  int threads = absl::GetFlag(FLAGS_threads);
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(threads);
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  std::string zoo = absl::GetFlag(FLAGS_zoo);
  zoo = zoo.empty() ? absl::StrCat(ProjectPath("datasets/zoo"), "/", setting->name())
                    : InWorkingDirectory(zoo);
  static const absl::StatusOr<Benchmark> loaded = LoadBenchmark(*setting, DataRoot(), zoo);
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<std::vector<MethodVariant>> variants = MethodVariants();
  if (!variants.ok()) return variants.status();
  std::set<const RegisteredMethod*> seen;
  for (const MethodVariant& variant : *variants) {
    if (!seen.insert(variant.method).second && absl::GetFlag(FLAGS_first_variants)) continue;
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
