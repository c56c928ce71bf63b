// SPDX-License-Identifier: Apache-2.0
//
// How long each method takes in a setting, beside what its arithmetic must take. Per method: one
// fit with scores at one damping, the same with scores at every damping of the grid, and with their
// sums over the subsets at every damping (what tuning needs). Counters:
//   flops     by formula, as the cost ledger has them
//   floor_s   flops over the rate of a large float32 matrix product measured in this process
//   x_floor   time over floor_s
//   peak_MiB  peak resident memory
#include <algorithm>
#include <iostream>
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
#include "benchmarks/run_method.h"
#include "datasets/arithmetic.h"
#include "datasets/data_root.h"
#include "datasets/setting.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");

namespace attribench {
namespace {

enum class Scoring { kOneDamping, kEveryDamping, kEverySum };

// Operations a second of C = A B, 2,000 x 2,000, float32: the median of seven.
double MatrixProductRate() {
  constexpr int64_t kSide = 2000;
  const at::Tensor a = at::rand({kSide, kSide}), b = at::rand({kSide, kSide});
  std::vector<double> rates;
  for (int i = 0; i < 7; ++i) {
    const double start = WallSeconds();
    benchmark::DoNotOptimize(at::matmul(a, b));
    rates.push_back(2.0 * kSide * kSide * kSide / (WallSeconds() - start));
  }
  std::sort(rates.begin(), rates.end());
  return rates[3];
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
  const double rate = MatrixProductRate();
  double flops = 0, seconds = 0;
  ResetPeakMemory();
  for (auto unused : state) {
    CostLedger ledger;
    const double start = WallSeconds();
    const absl::Status status = FitAndScore(loaded, variant, scoring, ledger);
    seconds += WallSeconds() - start;
    if (!status.ok()) {
      state.SkipWithError(std::string(status.message()).c_str());
      return;
    }
    // The training of checkpoints is in the ledger but not in this time.
    flops += ledger.phases().at("all").flops;
  }
  state.counters["flops"] = flops / state.iterations();
  state.counters["floor_s"] = flops / state.iterations() / rate;
  state.counters["x_floor"] = seconds * rate / flops;
  state.counters["peak_MiB"] = PeakMemoryBytes() / 1048576.0;
}

absl::Status Run() {
  at::set_num_threads(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  static const absl::StatusOr<Benchmark> loaded =
      LoadBenchmark(*setting, DataRoot(), absl::StrCat("datasets/zoo/", setting->name()));
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<std::vector<MethodVariant>> variants = MethodVariants();
  if (!variants.ok()) return variants.status();
  for (const MethodVariant& variant : *variants) {
    const auto add = [&](const std::string& what, Scoring scoring) {
      benchmark::RegisterBenchmark((variant.name + "/" + what).c_str(),
                                   [variant, scoring](benchmark::State& state) {
                                     Measure(state, *loaded, variant, scoring);
                                   })
          ->Unit(benchmark::kSecond)
          ->UseRealTime();
    };
    add("one_damping", Scoring::kOneDamping);
    if (!variant.hyperparameters.HasDamping()) continue;
    add("every_damping", Scoring::kEveryDamping);
    add("every_sum", Scoring::kEverySum);
  }
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
  if (!status.ok()) std::cerr << "method_speed: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
