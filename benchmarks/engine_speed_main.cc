// SPDX-License-Identifier: Apache-2.0
//
// Measures how long the gradient engine's kernels take, and compares that with the least time that
// their arithmetic and their memory traffic take. Weights and inputs are random. The networks are
// an MLP 784-128-64-10 with 5,000 training and 500 test examples, and a ResNet-9 of width 16 with
// 256 images. Counters:
//   flops    by formula, from the cost ledger
//   bytes    the least that must be read and written: the arguments and the result, once
//   floor_s  flops / rate of a large float32 matrix product, or bytes / rate of a large copy,
//            whichever is longer; both rates are measured in this process
//   x_floor  time / floor_s
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/statusor.h"
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

ABSL_FLAG(int, threads, 0, "number of threads; default: one per core");

namespace attribench {
namespace {

constexpr int64_t kTrain = 5000, kTest = 500, kVectors = 64, kImages = 256;

struct MlpProblem {
  MlpProblem() {
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
    for (const Layer& layer : model->layers()) {
      vectors.push_back(at::randn({kVectors, layer.num_outputs, layer.num_inputs + 1}));
    }
    hessian.emplace(*Curvature::Make(*model, parameters, {train, {}}, CurvatureKind::kHessian));
    gauss_newton.emplace(
        *Curvature::Make(*model, parameters, {train, {}}, CurvatureKind::kGaussNewton));
  }

  std::unique_ptr<Model> model;
  Parameters parameters;
  Dataset train, test;
  GradientFactors train_factors, test_factors;
  ParameterVectors vectors;
  std::optional<Curvature> hessian, gauss_newton;
};

struct ResNet9Problem {
  ResNet9Problem() {
    ModelSpec spec;
    spec.mutable_resnet9()->set_num_channels(3);
    spec.mutable_resnet9()->set_image_size(32);
    spec.mutable_resnet9()->set_width(16);
    spec.mutable_resnet9()->set_num_classes(10);
    model = *MakeModel(spec);
    RandomStream stream(2, "engine speed");
    parameters = model->Initialise(stream);
    task.train = {at::randn({kImages, 3, 32, 32}), at::randint(10, {kImages}, at::kLong)};
    task.test = task.train;
    task.model = model.get();
    task.memory_limit = 0;  // nothing is kept, as if there were many images
  }

  // The images are read once, their gradients written once.
  double bytes() const {
    return static_cast<double>(task.train.inputs.nbytes()) +
           4.0 * static_cast<double>(kImages * CountParameters(parameters));
  }

  std::unique_ptr<Model> model;
  Parameters parameters;
  AttributionTask task;
};

double Bytes(const GradientFactors& factors) {
  double bytes = 0;
  for (const LayerFactors& layer : factors.layers) {
    bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
  }
  return bytes;
}

// `work` charges its flops to the ledger.
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

void AddMlp(const MlpProblem& problem, const MachineRates& rates) {
  const double p = static_cast<double>(CountParameters(problem.parameters));
  const GradientFactors &train = problem.train_factors, &test = problem.test_factors;
  Add("gradient_factors", rates,
      static_cast<double>(problem.train.inputs.nbytes()) + 4 * p + Bytes(train),
      [&problem](CostLedger& ledger) {
        benchmark::DoNotOptimize(ComputeGradientFactors(
            *problem.model, problem.parameters, problem.train, GradientTarget::kLoss, ledger));
      });
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
  for (const auto& [name, curvature] :
       {std::pair<const char*, const Curvature*>{"hessian", &*problem.hessian},
        std::pair<const char*, const Curvature*>{"gauss_newton", &*problem.gauss_newton}}) {
    Add(absl::StrCat("curvature_times/", name), rates,
        Bytes(train) + 2 * 4 * kVectors * p + 4.0 * kTrain * kVectors,
        [curvature = curvature, &problem](CostLedger& ledger) {
          benchmark::DoNotOptimize(curvature->Times(problem.vectors, ledger));
        });
  }
}

void AddResNet9(const ResNet9Problem& problem, const MachineRates& rates) {
  Add("gradient_factors/resnet9", rates, problem.bytes(), [&problem](CostLedger& ledger) {
    benchmark::DoNotOptimize(ComputeGradientFactors(
        *problem.model, problem.parameters, problem.task.train, GradientTarget::kLoss, ledger));
  });
  for (const auto& [name, eigenvalues] :
       {std::pair<const char*, KroneckerEigenvalues>{"kfac", KroneckerEigenvalues::kProducts},
        std::pair<const char*, KroneckerEigenvalues>{"ekfac",
                                                     KroneckerEigenvalues::kSecondMoments}}) {
    Add(absl::StrCat("kronecker_model/", name, "/resnet9"), rates, problem.bytes(),
        [&problem, eigenvalues = eigenvalues](CostLedger& ledger) {
          benchmark::DoNotOptimize(FitKroneckerModel(problem.task, problem.parameters,
                                                     FisherKind::kTrue, eigenvalues, ledger));
        });
  }
}

absl::Status Run() {
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  at::set_num_threads(*threads);
  KeepFreedMemory();
  const MlpProblem mlp;
  const ResNet9Problem resnet9;
  const MachineRates rates = MachineRates::Measure();
  AddMlp(mlp, rates);
  AddResNet9(resnet9, rates);
  benchmark::AddCustomContext("cpu_model", DescribeEnvironment().cpu_model());
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
  if (!status.ok()) std::cerr << "engine_speed: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
