// SPDX-License-Identifier: Apache-2.0
//
// How long the gradient engine's kernels take, beside what their arithmetic and their traffic with
// memory must take: on a 784-128-64-10 network with drawn weights and drawn inputs, 5,000 training
// and 500 test examples, and on a ResNet-9 of a quarter of the full width, 256 images. Counters:
//   flops    by formula, as the cost ledger has them
//   bytes    what must at least be read and written: the arguments and the result, once
//   floor_s  the longer of flops over the rate of a large float32 matrix product and bytes over
//            that of a large copy, both measured in this process
//   x_floor  time over floor_s
#include <iostream>
#include <memory>
#include <string>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "benchmarks/machine_rates.h"
#include "datasets/clock.h"
#include "datasets/environment.h"
#include "datasets/instruction_set.h"
#include "datasets/models/model.h"
#include "datasets/models/model_factory.h"
#include "datasets/num_threads.h"
#include "datasets/random_stream.h"
#include "datasets/zoo/trainer.h"
#include "methods/attribution_method.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/kronecker_model.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"

ABSL_FLAG(int, threads, 0, "default: one per core");

namespace attribench {
namespace {

constexpr int64_t kTrain = 5000, kTest = 500, kVectors = 64, kImages = 256;

struct Problem {
  Problem() {
    ModelSpec spec;
    spec.mutable_mlp()->set_num_inputs(784);
    spec.mutable_mlp()->add_hidden_units(128);
    spec.mutable_mlp()->add_hidden_units(64);
    spec.mutable_mlp()->set_num_classes(10);
    model = *MakeModel(spec);
    RandomStream stream(1, "engine speed");
    parameters = model->Initialise(stream);
    const auto draw = [](int64_t n) {
      return Dataset{at::randn({n, 784}), at::randint(10, {n}, at::kLong)};
    };
    train = draw(kTrain);
    test = draw(kTest);
    CostLedger nobody;
    train_factors =
        *ComputeGradientFactors(*model, parameters, train, GradientTarget::kLoss, nobody);
    test_factors = *ComputeGradientFactors(*model, parameters, test, GradientTarget::kLoss, nobody);
  }

  std::unique_ptr<Model> model;
  Parameters parameters;
  Dataset train, test;
  GradientFactors train_factors, test_factors;
};

double Bytes(const GradientFactors& factors) {
  double bytes = 0;
  for (const LayerFactors& layer : factors.layers) {
    bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
  }
  return bytes;
}

// `work` charges its arithmetic to the ledger.
void Add(const std::string& name, const MachineRates& rates, double bytes,
         const std::function<void(CostLedger&)>& work) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [rates, bytes, work](benchmark::State& state) {
                                 double flops = 0, seconds = 0;
                                 for (auto unused : state) {
                                   CostLedger ledger;
                                   const double start = WallSeconds();
                                   work(ledger);
                                   seconds += WallSeconds() - start;
                                   flops = ledger.Total().flops;
                                 }
                                 const double floor = rates.FloorSeconds(flops, bytes);
                                 state.counters["flops"] = flops;
                                 state.counters["bytes"] = bytes;
                                 state.counters["floor_s"] = floor;
                                 state.counters["x_floor"] =
                                     seconds / static_cast<double>(state.iterations()) / floor;
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

void Run() {
  const int threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  at::set_num_threads(threads);
  KeepFreedMemory();
  const Problem problem;
  const MachineRates rates = MachineRates::Measure();
  const double p = static_cast<double>(CountParameters(problem.parameters));

  const auto& train = problem.train_factors;
  const auto& test = problem.test_factors;
  Add("gradient_factors", rates,
      static_cast<double>(problem.train.inputs.nbytes()) + 4 * p + Bytes(train),
      [&](CostLedger& ledger) {
        benchmark::DoNotOptimize(ComputeGradientFactors(
            *problem.model, problem.parameters, problem.train, GradientTarget::kLoss, ledger));
      });
  ModelSpec spec;
  spec.mutable_resnet9()->set_num_channels(3);
  spec.mutable_resnet9()->set_image_size(32);
  spec.mutable_resnet9()->set_width(16);
  spec.mutable_resnet9()->set_num_classes(10);
  const std::unique_ptr<Model> resnet9 = *MakeModel(spec);
  RandomStream stream(2, "engine speed");
  const Parameters weights = resnet9->Initialise(stream);
  const Dataset images = {at::randn({kImages, 3, 32, 32}), at::randint(10, {kImages}, at::kLong)};
  const double gradients = static_cast<double>(kImages * CountParameters(weights));
  Add("gradient_factors/resnet9", rates,
      static_cast<double>(images.inputs.nbytes()) + 4 * gradients, [&](CostLedger& ledger) {
        benchmark::DoNotOptimize(
            ComputeGradientFactors(*resnet9, weights, images, GradientTarget::kLoss, ledger));
      });
  AttributionTask task;
  task.train = task.test = images;
  task.model = resnet9.get();
  task.memory_limit = 0;  // keeps nothing, as with many images
  for (const auto& [name, eigenvalues] :
       {std::pair<const char*, KroneckerEigenvalues>{"kfac", KroneckerEigenvalues::kProducts},
        std::pair<const char*, KroneckerEigenvalues>{"ekfac",
                                                     KroneckerEigenvalues::kSecondMoments}}) {
    Add(absl::StrCat("kronecker_model/", name, "/resnet9"), rates,
        static_cast<double>(images.inputs.nbytes()) + 4 * gradients,
        [&, eigenvalues = eigenvalues](CostLedger& ledger) {
          benchmark::DoNotOptimize(
              FitKroneckerModel(task, weights, FisherKind::kTrue, eigenvalues, ledger));
        });
  }
  Add("inner_products/train_test", rates, Bytes(train) + Bytes(test) + 4.0 * kTrain * kTest,
      [&](CostLedger& ledger) { benchmark::DoNotOptimize(InnerProducts(train, test, ledger)); });
  Add("inner_products/train_train", rates, Bytes(train) + 4.0 * kTrain * kTrain,
      [&](CostLedger& ledger) { benchmark::DoNotOptimize(InnerProducts(train, train, ledger)); });
  for (const char* kind : {"gaussian", "rademacher", "sjlt"}) {
    for (const int64_t k : {512, 2048, 8192}) {
      Add(absl::StrCat("project/", kind, "/", k), rates, Bytes(train) + 4.0 * kTrain * k,
          [&train, kind, k](CostLedger& ledger) {
            benchmark::DoNotOptimize(
                ProjectGradients(train, *ParseProjectionKind(kind), k, /*seed=*/1, ledger));
          });
    }
  }
  ParameterVectors vectors;
  for (const Layer& layer : problem.model->layers()) {
    vectors.push_back(at::randn({kVectors, layer.num_outputs, layer.num_inputs + 1}));
  }
  const Curvature hessian =
      *Curvature::Make(*problem.model, problem.parameters, problem.train, CurvatureKind::kHessian);
  const Curvature gauss_newton = *Curvature::Make(*problem.model, problem.parameters, problem.train,
                                                  CurvatureKind::kGaussNewton);
  for (const auto& [name, curvature] :
       {std::pair<const char*, const Curvature*>{"hessian", &hessian},
        std::pair<const char*, const Curvature*>{"gauss_newton", &gauss_newton}}) {
    Add(absl::StrCat("curvature_times/", name), rates,
        Bytes(train) + 2 * 4 * kVectors * p + 4.0 * kTrain * kVectors,
        [curvature = curvature, &vectors](CostLedger& ledger) {
          benchmark::DoNotOptimize(curvature->Times(vectors, ledger));
        });
  }
  benchmark::AddCustomContext("cpu_model", DescribeEnvironment().cpu_model());
  benchmark::AddCustomContext("threads", absl::StrCat(threads));
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  benchmark::Initialize(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  attribench::Run();
  return 0;
}
