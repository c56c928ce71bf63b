// SPDX-License-Identifier: Apache-2.0
//
// Compares convolutions and batch norm with dense algebra in double. The test finds the layers'
// patches and deltas without the gradient engine. Linear layers have kfac_test and ekfac_test.
#include "methods/curvature/kronecker_attribution.h"

#include <tuple>
#include <vector>

#include "ATen/ATen.h"
#include "c10/core/GradMode.h"
#include "datasets/models/model.h"
#include "datasets/models/model_factory.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/worked_example.h"
#include "torch/csrc/autograd/autograd.h"

namespace attribench {
namespace {

const WorkedExample& Example() {
  static const auto* example = new WorkedExample(WorkedExample::WithConvolutions());
  return *example;
}

const WorkedExample& CnnExample() {
  static const auto* example = new WorkedExample(WorkedExample::WithCnn());
  return *example;
}

// The inputs and deltas of one layer for each example, at every position. For batch norm, `deltas`
// holds the gradient and `inputs` is 1.
struct Seen {
  at::Tensor inputs;  // [n, s, in]
  at::Tensor deltas;  // [n, s, out]
};

std::vector<Seen> See(const AttributionTask& task, const Dataset& data) {
  c10::AutoGradMode gradients_on(true);
  Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  for (Parameter& parameter : parameters) {
    parameter.value = parameter.value.detach().requires_grad_(parameter.trained);
  }
  std::vector<LayerTrace> trace;
  const at::Tensor logits = task.model->Logits(parameters, data.inputs, nullptr, &trace);
  std::vector<at::Tensor> outputs;
  for (const LayerTrace& layer : trace) outputs.push_back(layer.output);
  const auto deltas = torch::autograd::grad(
      {at::cross_entropy_loss(logits, data.labels, {}, at::Reduction::Sum)}, outputs);
  std::vector<Seen> seen;
  for (size_t l = 0; l < trace.size(); ++l) {
    const Layer& layer = task.model->layers()[l];
    const at::Tensor input = trace[l].input.detach();
    const int64_t n = data.size();
    const at::Tensor one = at::ones({n, 1, 1}, at::kDouble);
    if (layer.kind == LayerKind::kLinear) {
      seen.push_back({at::cat({input.unsqueeze(1), one}, 2), deltas[l].unsqueeze(1)});
    } else if (layer.kind == LayerKind::kBatchNorm) {
      const at::Tensor gradient =
          at::stack({at::einsum("nchw,nchw->nc", {deltas[l], input}), deltas[l].sum({2, 3})}, 2);
      seen.push_back({one, gradient.view({n, 1, -1})});
    } else {
      const int64_t p = layer.padding, k = layer.kernel;
      const at::Tensor patches = at::constant_pad_nd(input, {p, p, p, p})
                                     .unfold(2, k, layer.stride)
                                     .unfold(3, k, layer.stride);
      at::Tensor inputs = patches.permute({0, 2, 3, 1, 4, 5}).reshape({n, layer.positions, -1});
      if (layer.has_bias) inputs = at::constant_pad_nd(inputs, {0, 1}, 1);
      seen.push_back({inputs, deltas[l].permute({0, 2, 3, 1}).reshape({n, layer.positions, -1})});
    }
  }
  return seen;
}

// Row by row of [out, in], [n, out in].
at::Tensor Gradients(const Seen& seen) {
  return at::einsum("nso,nsi->noi", {seen.deltas, seen.inputs}).flatten(1);
}

// Scores [train, test] and moments t_1, t_2, t_3 [3, test] by dense matrices.
struct Dense {
  at::Tensor scores, moments;
};

Dense ByDenseAlgebra(const AttributionTask& task, FisherKind fisher,
                     KroneckerEigenvalues eigenvalues, double lambda) {
  const double n = static_cast<double>(task.train.size());
  const at::Tensor probabilities = at::softmax(
      task.model->Logits(*task.checkpoint(CheckpointKind::kFullData, 0), task.train.inputs), 1);
  std::vector<std::vector<Seen>> of_labels;
  std::vector<at::Tensor> weights;
  if (fisher == FisherKind::kTrue) {
    for (int64_t label = 0; label < 3; ++label) {
      of_labels.push_back(See(task, {task.train.inputs, at::full_like(task.train.labels, label)}));
      weights.push_back(probabilities.select(1, label));
    }
  } else {
    of_labels.push_back(See(task, task.train));
    weights.push_back(at::ones({task.train.size()}, at::kDouble));
  }
  const std::vector<Seen> train = See(task, task.train), test = See(task, task.test);
  Dense dense = {at::zeros({task.train.size(), task.test.size()}, at::kDouble),
                 at::zeros({3, task.test.size()}, at::kDouble)};
  for (size_t l = 0; l < train.size(); ++l) {
    const int64_t in = train[l].inputs.size(2), out = train[l].deltas.size(2);
    const at::Tensor a = at::einsum("nsi,nsj->ij", {train[l].inputs, train[l].inputs}).div(n);
    at::Tensor s = at::zeros({out, out}, at::kDouble);
    for (size_t c = 0; c < weights.size(); ++c) {
      const at::Tensor& d = of_labels[c][l].deltas;
      s.add_(at::einsum("n,nso,nsp->op", {weights[c], d, d}), 1 / (n * d.size(1)));
    }
    const at::Tensor left = Gradients(train[l]), right = Gradients(test[l]);
    const auto [s_values, s_vectors] = at::linalg_eigh(s);
    const auto [a_values, a_vectors] = at::linalg_eigh(a);
    const at::Tensor basis = at::kron(s_vectors, a_vectors);
    at::Tensor mu = at::zeros({in * out}, at::kDouble);
    if (eigenvalues == KroneckerEigenvalues::kProducts) {
      const at::Tensor damped = at::kron(s, a).add(at::eye(in * out, at::kDouble).mul(lambda));
      dense.scores.add_(at::matmul(left, at::linalg_solve(damped, right.t())));
      mu = at::kron(s_values, a_values);
    } else {
      for (size_t c = 0; c < weights.size(); ++c) {
        mu.add_(
            at::matmul(weights[c], at::matmul(Gradients(of_labels[c][l]), basis).square()).div(n));
      }
      dense.scores.add_(
          at::matmul(at::matmul(left, basis).div(mu.add(lambda)), at::matmul(right, basis).t()));
    }
    for (int k = 1; k <= 3; ++k) {
      dense.moments[k - 1].add_(
          at::matmul(at::matmul(right, basis).square(), mu.div(mu.add(lambda).pow(k))));
    }
  }
  return dense;
}

void ExpectEqualsDenseAlgebra(const AttributionTask& task, FisherKind fisher,
                              KroneckerEigenvalues eigenvalues, bool both_forms) {
  const double lambda = 1e-3;
  const Dense dense = ByDenseAlgebra(task, fisher, eigenvalues, lambda);
  CostLedger ledger;
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  auto model = FitKroneckerModel(task, parameters, fisher, eigenvalues, ledger);
  ASSERT_TRUE(model.ok()) << model.status();
  int sums = 0, by_position = 0;  // the forms in which convolutions' test gradients are kept
  for (const KroneckerLayer& layer : model->layers) {
    if (layer.written_out) ++(layer.test.inputs.size(1) == 1 ? sums : by_position);
  }
  EXPECT_GT(sums + by_position, 0);
  if (both_forms) {
    EXPECT_GT(sums, 0);
    EXPECT_GT(by_position, 0);
  }
  const auto fitted =
      MakeKroneckerAttribution({*std::move(model)}, DampingScope::kModel, /*bytes=*/1e9);
  const at::Tensor scores = *fitted->Scores({lambda, ABSOLUTE}, ledger);
  EXPECT_LE(scores.sub(dense.scores).abs().max().item<double>(),
            1e-9 * dense.scores.abs().max().item<double>());
  const auto given = fitted->Moments({{1, ABSOLUTE}, {lambda, ABSOLUTE}}, ledger);
  ASSERT_TRUE(given.ok()) << given.status();
  for (const auto& [k, t] :
       {std::pair<int, at::Tensor>{0, given->t1}, {1, given->t2}, {2, given->t3}}) {
    EXPECT_LE(t[1].sub(dense.moments[k]).abs().max().item<double>(),
              1e-9 * dense.moments[k].max().item<double>())
        << "t" << k + 1;
  }
}

class KroneckerConvolutionTest
    : public testing::TestWithParam<std::tuple<FisherKind, KroneckerEigenvalues>> {};

TEST_P(KroneckerConvolutionTest, EqualsDenseAlgebra) {
  const auto [fisher, eigenvalues] = GetParam();
  ExpectEqualsDenseAlgebra(Example().Task(), fisher, eigenvalues, /*both_forms=*/true);
}

TEST_P(KroneckerConvolutionTest, EqualsDenseAlgebraWithBias) {
  const auto [fisher, eigenvalues] = GetParam();
  ExpectEqualsDenseAlgebra(CnnExample().Task(), fisher, eigenvalues, /*both_forms=*/false);
}

INSTANTIATE_TEST_SUITE_P(Kinds, KroneckerConvolutionTest,
                         testing::Combine(testing::Values(FisherKind::kTrue,
                                                          FisherKind::kEmpirical),
                                          testing::Values(KroneckerEigenvalues::kProducts,
                                                          KroneckerEigenvalues::kSecondMoments)));

// The number of walks through the training gradients depends on the memory: one walk if [p, test]
// fits, several if a part of it fits, at most eight if nothing fits. The scores stay the same.
TEST(KroneckerAttributionTest, AsManyWalksAsTheBytesAsk) {
  AttributionTask task = Example().Task();
  task.memory_limit = 0;  // training gradients are computed again on every walk
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const int64_t t = task.test.size();
  const double filtered = 8.0 * t * CountParameters(parameters);
  const auto walks_of = [&](int64_t rows) { return (t + rows - 1) / rows; };
  at::Tensor first_scores;
  for (const auto& [room, walks] :
       {std::pair<double, int64_t>{1.5, 1}, {.5, walks_of(t / 2)}, {0.0, walks_of((t + 7) / 8)}}) {
    CostLedger ledger;
    auto model = FitKroneckerModel(task, parameters, FisherKind::kEmpirical,
                                   KroneckerEigenvalues::kProducts, ledger);
    ASSERT_TRUE(model.ok()) << model.status();
    model->walk_bytes = 3 * filtered;
    auto second = *model;
    // Both models are kept, but only one walks at a time.
    const double bytes = room * filtered + 2 * model->bytes + model->walk_bytes;
    const auto fitted = MakeKroneckerAttribution({*std::move(model), std::move(second)},
                                                 DampingScope::kLayer, bytes);
    CostLedger scoring;
    EXPECT_EQ(fitted->Scores({0, ABSOLUTE}, scoring).status().code(),
              absl::StatusCode::kFailedPrecondition);
    const absl::StatusOr<at::Tensor> scores =
        fitted->Scores({.1, RELATIVE_TO_MEAN_EIGENVALUE}, scoring);
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_EQ(scoring.Total().gradient_evaluations, 2.0 * walks * task.train.size()) << room;
    // Products of other shapes, in double.
    if (!first_scores.defined()) first_scores = *scores;
    EXPECT_LE(scores->sub(first_scores).abs().max().item<double>(),
              1e-12 * scores->abs().max().item<double>());
  }
}

// There are so many examples that they need several forward passes. Gradients that are computed
// again, block by block, give the same scores as gradients that were kept, except for rounding.
TEST(KroneckerAttributionTest, BlocksArePutTogether) {
  ModelSpec spec;
  spec.mutable_resnet9()->set_num_channels(3);
  spec.mutable_resnet9()->set_image_size(32);
  spec.mutable_resnet9()->set_width(4);
  spec.mutable_resnet9()->set_num_classes(3);
  const auto model = *MakeModel(spec);
  RandomStream stream(1, "kronecker attribution test");
  const Parameters parameters = model->Initialise(stream);
  AttributionTask task;
  task.model = model.get();
  task.train = {at::randn({300, 3, 32, 32}), at::randint(3, {300}, at::kLong)};
  task.test = {at::randn({7, 3, 32, 32}), at::randint(3, {7}, at::kLong)};
  int blocks = 0;
  CostLedger ledger;
  ASSERT_TRUE(VisitGradients(*model, parameters, task.train, GradientTarget::kLoss, ledger,
                             [&](const GradientBlock&) { ++blocks; })
                  .ok());
  ASSERT_GT(blocks, 2);
  std::vector<at::Tensor> scores;
  for (const double limit : {1e10, 0.0}) {
    task.memory_limit = limit;
    auto fitted = FitKroneckerModel(task, parameters, FisherKind::kEmpirical,
                                    KroneckerEigenvalues::kProducts, ledger);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    scores.push_back(*MakeKroneckerAttribution({*std::move(fitted)}, DampingScope::kModel, 1e9)
                          ->Scores({1, RELATIVE_TO_MEAN_EIGENVALUE}, ledger));
  }
  // Sums of 19,000 products in float32.
  EXPECT_LE(scores[0].sub(scores[1]).abs().max().item<double>(),
            1e-4 * scores[0].abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
