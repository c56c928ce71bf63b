// SPDX-License-Identifier: Apache-2.0
//
// Runs methods on the CPU and on another device, compares their scores, and says how long each
// took. One line a method:
//   method       a variant
//   rank corr    Spearman correlation of a test example's scores on both: the least over the tests
//   largest      the largest difference of two scores, over the largest score
//   CPU s, s     one attribution at the default damping: fit and scores
//   again s      the same on the device once more: libraries have started, memory is there
//   sweep s      what tuning needs: fit, and sums over the subsets at every damping of the grid
//   x floor      again s over the time of its operations at the rate of a large matrix product
// Ends with 1 if a rank correlation is not above --least.
//
// --device=cpu compares all cores with one core, so that sums are rounded otherwise: where scores
// differ there, they differ by rounding alone.
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/machine_rates.h"
#include "benchmarks/run_method.h"
#include "datasets/clock.h"
#include "datasets/exception_status.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/zoo/trainer.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::string, device, "cuda", "the device: cuda, or cuda:1 for the second GPU");
ABSL_FLAG(bool, with_cpu, true,
          "also run each method on the CPU; without it, only times are shown");
ABSL_FLAG(bool, sweep, true, "also time what tuning needs");
ABSL_FLAG(double, least, .999, "the least rank correlation that passes");
ABSL_FLAG(int, threads, 0, "threads on the CPU; default: one per core");
ABSL_FLAG(double, memory_limit, 0, "GiB that a method plans with; default: 4");

namespace attribench {
namespace {

// The time of a piece of work, and the scores that it gave.
struct Timed {
  at::Tensor scores;
  double seconds = 0, flops = 0;
};

class Comparison {
 public:
  Comparison(const LoadedSetting& loaded, const at::Device& device)
      : loaded_(loaded),
        device_(device),
        threads_(at::get_num_threads()),
        rates_(MachineRates::Measure(device)) {}

  const MachineRates& rates() const { return rates_; }

  // Prints the method's line. False if it does not pass.
  bool Show(const MethodVariant& variant) {
    const absl::Status refusal = CheckSuits(loaded_, variant);
    if (!refusal.ok()) {
      std::cout << absl::StrFormat("%-22s refused: %s\n", variant.name, refusal.message());
      return true;
    }
    std::string line = absl::StrFormat("%-22s ", variant.name);
    bool passes = true;
    try {
      const absl::Status status = Measure(variant, line, passes);
      if (!status.ok()) {
        absl::StrAppend(&line, status.ToString());
        passes = false;
      }
    } catch (const std::exception& error) {
      absl::StrAppend(&line, StatusOfException(error, "failed").ToString());
      passes = false;
    }
    std::cout << line << std::endl;
    return passes;
  }

 private:
  absl::Status Measure(const MethodVariant& variant, std::string& line, bool& passes) {
    const auto first = Attribute(variant, device_);
    if (!first.ok()) return first.status();
    const auto again = Attribute(variant, device_);
    if (!again.ok()) return again.status();
    if (absl::GetFlag(FLAGS_with_cpu)) {
      if (device_.is_cpu()) at::set_num_threads(1);
      const auto on_cpu = Attribute(variant, at::kCPU);
      at::set_num_threads(threads_);
      if (!on_cpu.ok()) return on_cpu.status();
      const double least = LeastCorrelation(first->scores, on_cpu->scores);
      const double largest = first->scores.sub(on_cpu->scores).abs().max().item<double>() /
                             on_cpu->scores.abs().max().item<double>();
      passes = least > absl::GetFlag(FLAGS_least);
      absl::StrAppendFormat(&line, "%9.6f  %8.1e  %8.2f ", least, largest, on_cpu->seconds);
    } else {
      absl::StrAppendFormat(&line, "%9s  %8s  %8s ", "-", "-", "-");
    }
    absl::StrAppendFormat(&line, "%8.3f %8.3f ", first->seconds, again->seconds);
    if (absl::GetFlag(FLAGS_sweep) && variant.hyperparameters.HasDamping()) {
      const auto sweep = Sweep(variant);
      if (!sweep.ok()) return sweep.status();
      absl::StrAppendFormat(&line, "%8.3f ", *sweep);
    } else {
      absl::StrAppendFormat(&line, "%8s ", "-");
    }
    absl::StrAppendFormat(&line, "%8.1f", again->seconds * rates_.flops_per_second / again->flops);
    return absl::OkStatus();
  }

  absl::StatusOr<Timed> Attribute(const MethodVariant& variant, const at::Device& device) {
    AttributionTask task = MakeTask(loaded_);
    task.device = device;
    task.one_damping = true;
    task.training_cost = [](CheckpointKind) { return Cost(); };
    CostLedger ledger;
    const double start = WallSeconds();
    const auto fitted = FitOnDevice(*variant.method->make(), task, variant.hyperparameters, ledger);
    if (!fitted.ok()) return fitted.status();
    const Damping damping =
        variant.hyperparameters.HasDamping() ? variant.hyperparameters.DefaultDamping() : Damping();
    const absl::StatusOr<at::Tensor> scores = (*fitted)->Scores(damping, ledger);
    if (!scores.ok()) return scores.status();
    Timed timed{scores->to(at::kDouble), WallSeconds() - start, ledger.Total().flops};
    const absl::Status finite = CheckFinite(timed.scores, "scores");
    if (!finite.ok()) return finite;
    return timed;
  }

  // Seconds of the fit and of the sums at every damping.
  absl::StatusOr<double> Sweep(const MethodVariant& variant) {
    AttributionTask task = MakeTask(loaded_);
    task.device = device_;
    CostLedger ledger;
    const double start = WallSeconds();
    const auto fitted = FitOnDevice(*variant.method->make(), task, variant.hyperparameters, ledger);
    if (!fitted.ok()) return fitted.status();
    const auto scorer = (*fitted)->ScoreSubsets(loaded_.truth.subsets, ledger);
    if (!scorer.ok()) return scorer.status();
    for (const Damping& damping : variant.hyperparameters.DampingGrid()) {
      (void)(*scorer)->Sums(damping, ledger);  // a damping that fails takes time too
    }
    return WallSeconds() - start;
  }

  static double LeastCorrelation(const at::Tensor& a, const at::Tensor& b) {
    const auto ranks = [](const at::Tensor& scores) {  // centred, and of unit length
      const at::Tensor of_scores = scores.argsort(int64_t{0}).argsort(int64_t{0}).to(at::kDouble);
      const at::Tensor centred = of_scores.sub(of_scores.mean(0));
      return centred.div(centred.norm(2, {0}));
    };
    return ranks(a).mul(ranks(b)).sum(0).min().item<double>();
  }

  const LoadedSetting& loaded_;
  const at::Device device_;
  const int threads_;
  const MachineRates rates_;
};

absl::Status Run(bool& all_pass) {
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  at::set_num_threads(*threads);
  KeepFreedMemory();
  const absl::StatusOr<at::Device> device = ParseDevice(absl::GetFlag(FLAGS_device));
  if (!device.ok()) return device.status();
  if (const absl::Status status = PrepareDevice(*device); !status.ok()) return status;
  const absl::StatusOr<LoadedSetting> loaded = LoadNamedSetting(
      absl::GetFlag(FLAGS_setting), absl::GetFlag(FLAGS_zoo), absl::GetFlag(FLAGS_memory_limit));
  if (!loaded.ok()) return loaded.status();
  std::vector<MethodVariant> variants;
  for (const std::string& name : absl::GetFlag(FLAGS_methods)) {
    if (name == "all") {
      const absl::StatusOr<std::vector<MethodVariant>> all = MethodVariants();
      if (!all.ok()) return all.status();
      variants = *all;
      break;
    }
    const absl::StatusOr<MethodVariant> variant = FindMethodVariant(name);
    if (!variant.ok()) return variant.status();
    variants.push_back(*variant);
  }
  Comparison comparison(*loaded, *device);
  std::cout << absl::StrFormat(
      "%s on %s (matrix products %.1f TFLOP/s, copies %.0f GB/s) and on %d threads of the CPU\n",
      loaded->facts.name(), device->is_cpu() ? "the CPU" : DeviceName(*device),
      comparison.rates().flops_per_second / 1e12, comparison.rates().bytes_per_second / 1e9,
      *threads);
  std::cout << absl::StrFormat("%-22s %9s  %8s  %8s %8s %8s %8s %8s\n", "method", "rank corr",
                               "largest", "CPU s", "s", "again s", "sweep s", "x floor");
  for (const MethodVariant& variant : variants) {
    if (!comparison.Show(variant)) all_pass = false;
  }
  std::cout << absl::StrFormat("most memory on the device: %.2f GiB\n",
                               PeakDeviceBytes(*device) / 1073741824.0);
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage("Compares scores and times of a device with those of the CPU.");
  absl::ParseCommandLine(argc, argv);
  bool all_pass = true;
  const absl::Status status = attribench::Run(all_pass);
  if (!status.ok()) std::cerr << "compare_devices: " << status.message() << "\n";
  return status.ok() && all_pass ? 0 : 1;
}
