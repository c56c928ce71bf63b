// SPDX-License-Identifier: Apache-2.0
//
// Measures how fast one core trains, and compares that with the speed of its matrix products. Each
// benchmark trains one epoch of a network on random images, with a batch size that the settings
// use. As many trainings run at the same time as there are cores, as in `retrain`. Counters, each
// of one core:
//   images_per_s
//   flops_per_s  by formula: 6 per multiply-add of the layers, for forward and backward together
//   gemm_share   flops_per_s / rate of a large float32 matrix product, measured in this process on
//                one core
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "benchmarks/machine_rates.h"
#include "datasets/clock.h"
#include "datasets/dataset.h"
#include "datasets/environment.h"
#include "datasets/instruction_set.h"
#include "datasets/models/model.h"
#include "datasets/models/model_factory.h"
#include "datasets/num_threads.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/trainer.h"

ABSL_FLAG(int, workers, 0, "number of trainings at the same time; default: one per core");
ABSL_FLAG(bool, winograd, false,
          "train ResNet-9 with Winograd convolutions; this allows AVX-512 in all of oneDNN");

namespace attribench {
namespace {

void Add(const std::string& name, const ModelSpec& spec, const std::vector<int64_t>& image,
         int64_t examples, int64_t batch_size, int workers, double gemm_rate) {
  benchmark::RegisterBenchmark(
      name.c_str(),
      [=](benchmark::State& state) {
        at::set_num_threads(1);
        const std::unique_ptr<Model> model = *MakeModel(spec);
        std::vector<int64_t> shape = image;
        shape.insert(shape.begin(), examples);
        const Dataset data = {at::randn(shape),
                              at::randint(model->num_classes(), {examples}, at::kLong)};
        std::vector<int64_t> all(examples);
        std::iota(all.begin(), all.end(), 0);
        Recipe recipe;
        recipe.set_learning_rate(1e-3);
        recipe.set_momentum(.9);
        recipe.set_epochs(1);
        recipe.set_batch_size(batch_size);
        double seconds = 0;
        for (auto unused : state) {
          const double start = WallSeconds();
          std::vector<std::thread> threads;
          for (int worker = 0; worker < workers; ++worker) {
            threads.emplace_back([&, worker] {
              at::set_num_threads(1);
              if (!Train(*model, data, all, recipe, worker).ok()) state.SkipWithError("diverged");
            });
          }
          for (std::thread& thread : threads) thread.join();
          seconds += WallSeconds() - start;
        }
        const double trainings = static_cast<double>(state.iterations()) / seconds;
        const double rate = trainings * TrainingFlops(*model, recipe, examples);
        state.counters["images_per_s"] = trainings * static_cast<double>(examples);
        state.counters["flops_per_s"] = rate;
        state.counters["gemm_share"] = rate / gemm_rate;
      })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

absl::Status Run() {
  const absl::StatusOr<int> workers = ThreadsOrAllCores(absl::GetFlag(FLAGS_workers));
  if (!workers.ok()) return workers.status();
  KeepFreedMemory();
  at::set_num_threads(1);
  const double gemm_rate = MachineRates::Measure().flops_per_second;
  ModelSpec mlp;
  mlp.mutable_mlp()->set_num_inputs(784);
  mlp.mutable_mlp()->add_hidden_units(128);
  mlp.mutable_mlp()->add_hidden_units(64);
  mlp.mutable_mlp()->set_num_classes(10);
  mlp.mutable_mlp()->set_dropout(.1);
  Add("train/mlp", mlp, {784}, 5000, 64, *workers, gemm_rate);
  ModelSpec resnet9;
  resnet9.mutable_resnet9()->set_num_channels(3);
  resnet9.mutable_resnet9()->set_image_size(32);
  resnet9.mutable_resnet9()->set_num_classes(10);
  resnet9.mutable_resnet9()->set_width(16);
  if (absl::GetFlag(FLAGS_winograd)) {
    resnet9.mutable_resnet9()->set_convolution_algorithm(WINOGRAD);
    MakeModel(resnet9).IgnoreError();  // must allow AVX-512 before the first convolution
  }
  Add("train/resnet9/width:16", resnet9, {3, 32, 32}, 640, 32, *workers, gemm_rate);
  resnet9.mutable_resnet9()->set_width(64);
  Add("train/resnet9/width:64", resnet9, {3, 32, 32}, 128, 64, *workers, gemm_rate);
  benchmark::AddCustomContext("cpu_model", DescribeEnvironment().cpu_model());
  benchmark::AddCustomContext("workers", absl::StrCat(*workers));
  benchmark::AddCustomContext("gemm_flops_per_s", absl::StrCat(gemm_rate));
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
  if (!status.ok()) std::cerr << "training_speed: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
