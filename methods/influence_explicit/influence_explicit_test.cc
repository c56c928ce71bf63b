// SPDX-License-Identifier: Apache-2.0
//
// Compares with the closed form of the Hessian of softmax regression in float64, and with models
// that are trained again without one example. Tests what is refused, too.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "absl/strings/match.h"
#include "datasets/models/model_factory.h"
#include "datasets/models/model_outputs.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/curvature/curvature.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                       const std::string& curvature) {
  const MethodVariant variant = *FindMethodVariant("influence_explicit");
  CostLedger ledger;
  return variant.method->make()->Fit(
      task, *Hyperparameters::Make(variant.method->space, {{"curvature", curvature}}), ledger);
}

at::Tensor WithOne(const at::Tensor& inputs) {
  return at::cat({inputs, at::ones({inputs.size(0), 1}, at::kDouble)}, 1);
}

// (1/n) sum over `examples` a of (diag(p) - p p') kron a a', for theta [classes, in + 1].
at::Tensor SoftmaxHessian(const at::Tensor& theta, const at::Tensor& examples, double n) {
  at::Tensor hessian = at::zeros({theta.numel(), theta.numel()}, at::kDouble);
  for (int64_t i = 0; i < examples.size(0); ++i) {
    const at::Tensor p = at::softmax(at::mv(theta, examples[i]), 0);
    hessian.add_(at::kron(p.diag().sub(at::outer(p, p)), at::outer(examples[i], examples[i])),
                 1 / n);
  }
  return hessian;
}

// The theta that minimises (1/n) sum over examples of cross-entropy + lambda / 2 |theta|^2, by
// Newton's method.
at::Tensor Optimum(const Dataset& data, double n, double lambda) {
  const at::Tensor a = WithOne(data.inputs), onehot = at::one_hot(data.labels, 3).to(at::kDouble);
  at::Tensor theta = at::zeros({3, a.size(1)}, at::kDouble);
  for (int step = 0; step < 30; ++step) {
    const at::Tensor p = at::softmax(at::matmul(a, theta.t()), 1);
    const at::Tensor gradient = at::matmul(p.sub(onehot).t(), a).div(n).add(theta, lambda);
    const at::Tensor hessian =
        SoftmaxHessian(theta, a, n).add(at::eye(theta.numel(), at::kDouble).mul(lambda));
    theta = theta.sub(at::linalg_solve(hessian, gradient.flatten()).view_as(theta));
  }
  return theta;
}

Dataset Without(const Dataset& data, int64_t example) {
  return data.Rows(at::arange(data.size()).ne(example).nonzero().squeeze(1));
}

class InfluenceExplicitTest : public testing::Test {
 protected:
  // The worked example's task with `theta` [3, in + 1] as its checkpoint.
  AttributionTask TaskAt(const at::Tensor& theta) {
    AttributionTask task = example_.Task();
    task.checkpoint = [theta](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> {
      const int64_t in = theta.size(1) - 1;
      return Parameters{{"fc1.weight", theta.slice(1, 0, in)}, {"fc1.bias", theta.select(1, in)}};
    };
    return task;
  }

  WorkedExample example_;
  CostLedger ledger_;
};

TEST_F(InfluenceExplicitTest, EqualsTheClosedForm) {
  const double n = static_cast<double>(example_.train().size());
  const at::Tensor theta = Optimum(example_.train(), n, .01);
  const AttributionTask task = TaskAt(theta);
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto gradients = [&](const Dataset& data) {
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters, data,
                                                     GradientTarget::kLoss, ledger_));
  };
  const at::Tensor hessian = SoftmaxHessian(theta, WithOne(example_.train().inputs), n);
  for (const char* curvature :
       {"hessian", "gauss_newton"}) {  // they are equal if there are no hidden layers
    const auto fitted = Fit(task, curvature);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    for (const double relative : {1e-2, 1.0, 100.0}) {
      const double lambda = relative * hessian.trace().item<double>() / hessian.size(0);
      const at::Tensor expected = at::matmul(
          gradients(example_.train()),
          at::linalg_solve(hessian.add(at::eye(hessian.size(0), at::kDouble).mul(lambda)),
                           gradients(example_.test()).t()));
      const at::Tensor scores =
          *(*fitted)->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger_);
      EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
                1e-9 * expected.abs().max().item<double>());
    }
  }
}

// score / n predicts by how much -loss of a test example falls if the training example is left out.
TEST_F(InfluenceExplicitTest, AgreesWithLeavingOneOut) {
  constexpr double kLambda = .05;
  const double n = static_cast<double>(example_.train().size());
  const at::Tensor theta = Optimum(example_.train(), n, kLambda);
  const auto fitted = Fit(TaskAt(theta), "hessian");
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  const at::Tensor predicted = (*fitted)->Scores({kLambda, ABSOLUTE}, ledger_)->div(n);
  const auto outputs = [&](const at::Tensor& at_theta) {
    const at::Tensor logits = at::matmul(WithOne(example_.test().inputs), at_theta.t());
    return OutputsOfLogits(logits, example_.test().labels).negative_loss;
  };
  at::Tensor actual = at::empty_like(predicted);
  for (int64_t i = 0; i < example_.train().size(); ++i) {
    const at::Tensor without = Optimum(Without(example_.train(), i), n, kLambda);
    actual[i] = outputs(theta).sub(outputs(without));
  }
  const double correlation = predicted.mul(actual).sum().item<double>() /
                             (predicted.norm().item<double>() * actual.norm().item<double>());
  EXPECT_GT(correlation, .99);
  // The sizes must agree too. The next term of the expansion has the relative size of a leverage,
  // about p / n.
  EXPECT_NEAR(predicted.norm().item<double>() / actual.norm().item<double>(), 1, .3);
}

// A network with random initial weights. Its Hessian has negative eigenvalues.
TEST(InfluenceExplicitIndefiniteTest, ScoresAreFinite) {
  const WorkedExample example({5});
  AttributionTask task = example.Task();
  task.checkpoint = [&](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> {
    RandomStream stream(3, "start");
    Parameters parameters = example.model().Initialise(stream);
    for (Parameter& parameter : parameters) parameter.value = parameter.value.to(at::kDouble);
    return parameters;
  };
  const auto fitted = Fit(task, "hessian");
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  CostLedger ledger;
  for (const double relative : {1e-4, 1.0, 1e3}) {
    const auto scores = (*fitted)->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger);
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_TRUE(at::isfinite(*scores).all().item<bool>());
  }
}

TEST(InfluenceExplicitRefusalTest, NamesSizeAndLimit) {
  ModelSpec spec;
  spec.mutable_mlp()->set_num_inputs(784);
  spec.mutable_mlp()->add_hidden_units(128);
  spec.mutable_mlp()->set_num_classes(10);
  const std::unique_ptr<Model> model = *MakeModel(spec);
  const WorkedExample example;
  AttributionTask task = example.Task();
  task.model = model.get();
  task.train = {at::zeros({2, 784}, at::kDouble), at::zeros({2}, at::kLong)};
  task.checkpoint = [&](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> {
    RandomStream stream(1, "large");
    return model->Initialise(stream);
  };
  const absl::Status status = Fit(task, "hessian").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  for (const char* part : {"101770 parameters", "385.8 GiB", "4.0 GiB", "influence_cg"}) {
    EXPECT_TRUE(absl::StrContains(std::string(status.message()), part)) << status;
  }
}

}  // namespace
}  // namespace attribench
