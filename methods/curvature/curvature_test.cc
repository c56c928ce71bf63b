// SPDX-License-Identifier: Apache-2.0
//
// Compares products with the stored matrices, in float64. The Hessian comes from differentiating
// twice, the Gauss-Newton matrix from the Jacobian of the logits.
#include "methods/curvature/curvature.h"

#include <cmath>

#include "ATen/ATen.h"
#include "c10/core/GradMode.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"
#include "torch/csrc/autograd/autograd.h"

namespace attribench {
namespace {

using torch::autograd::grad;

// The derivatives by weight and bias of every layer, as one vector [p] in the order of
// ParameterVectors.
at::Tensor Flat(const std::vector<at::Tensor>& by_parameter) {
  std::vector<at::Tensor> parts;
  for (size_t l = 0; l < by_parameter.size(); l += 2) {
    parts.push_back(at::cat({by_parameter[l], by_parameter[l + 1].unsqueeze(1)}, 1).flatten());
  }
  return at::cat(parts);
}

struct Dense {
  at::Tensor hessian, gauss_newton;  // [p, p]
};

Dense DenseCurvature(const Model& model, Parameters parameters, const Dataset& data) {
  c10::AutoGradMode gradients_on(true);
  std::vector<at::Tensor> values;
  for (Parameter& parameter : parameters) {
    parameter.value = parameter.value.detach().requires_grad_(true);
    values.push_back(parameter.value);
  }
  const double n = static_cast<double>(data.size());
  const at::Tensor logits = model.Logits(parameters, data.inputs);
  const at::Tensor loss = at::nll_loss(at::log_softmax(logits, 1), data.labels);
  const at::Tensor first = Flat(grad({loss}, values, {}, true, true));
  const int64_t p = first.size(0);
  Dense dense = {at::zeros({p, p}, at::kDouble), at::zeros({p, p}, at::kDouble)};
  for (int64_t j = 0; j < p; ++j) {
    const std::vector<at::Tensor> row = grad({first[j]}, values, {}, true, false, true);
    std::vector<at::Tensor> defined;
    for (size_t i = 0; i < row.size(); ++i) {
      defined.push_back(row[i].defined() ? row[i] : at::zeros_like(values[i]));
    }
    dense.hessian[j].copy_(Flat(defined).detach());
  }
  const at::Tensor probabilities = at::softmax(logits.detach(), 1);
  for (int64_t i = 0; i < data.size(); ++i) {
    std::vector<at::Tensor> rows;
    for (int64_t c = 0; c < model.num_classes(); ++c) {
      rows.push_back(Flat(grad({logits[i][c]}, values, {}, true)).detach());
    }
    const at::Tensor jacobian = at::stack(rows);  // [classes, p]
    const at::Tensor q = probabilities[i];
    dense.gauss_newton.add_(
        at::matmul(jacobian.t(), at::matmul(q.diag().sub(at::outer(q, q)), jacobian)), 1 / n);
  }
  return dense;
}

at::Tensor Joined(const ParameterVectors& vectors) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& vector : vectors) parts.push_back(vector.flatten(1));
  return at::cat(parts, 1);  // [r, p]
}

class CurvatureTest : public testing::TestWithParam<std::vector<int64_t>> {
 protected:
  ParameterVectors RandomVectors(int64_t r) {
    at::manual_seed(1);
    ParameterVectors vectors;
    for (const Layer& layer : example_.model().layers()) {
      vectors.push_back(at::randn({r, layer.num_outputs, layer.num_inputs + 1}, at::kDouble));
    }
    return vectors;
  }

  WorkedExample example_{GetParam()};
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;
};

TEST_P(CurvatureTest, ProductsAreThoseOfTheMatrix) {
  const Dense dense = DenseCurvature(example_.model(), parameters_, example_.train());
  const ParameterVectors vectors = RandomVectors(7);
  for (const auto& [kind, matrix] : {std::pair(CurvatureKind::kHessian, dense.hessian),
                                     {CurvatureKind::kGaussNewton, dense.gauss_newton}}) {
    const Curvature curvature =
        *Curvature::Make(example_.model(), parameters_, {example_.train(), {}}, kind);
    const at::Tensor expected = at::matmul(Joined(vectors), matrix);
    EXPECT_LE(
        Joined(curvature.Times(vectors, ledger_).products).sub(expected).abs().max().item<double>(),
        1e-12 * expected.abs().max().item<double>());
  }
  EXPECT_EQ(ledger_.Total().hessian_vector_products, 14);
}

TEST_P(CurvatureTest, BothKindsHaveTheTraceOfTheMatrix) {
  const Dense dense = DenseCurvature(example_.model(), parameters_, example_.train());
  const double expected = dense.hessian.trace().item<double>() / dense.hessian.size(0);
  EXPECT_NEAR(dense.gauss_newton.trace().item<double>() / dense.hessian.size(0), expected,
              1e-12 * expected);
  const Curvature curvature = *Curvature::Make(example_.model(), parameters_,
                                               {example_.train(), {}}, CurvatureKind::kHessian);
  EXPECT_NEAR(curvature.MeanEigenvalue(ledger_), expected, 1e-12 * expected);
}

// With very many vectors, the examples are divided into blocks. The products must equal those of
// few vectors.
TEST_P(CurvatureTest, BlocksAddUp) {
  const Curvature curvature = *Curvature::Make(example_.model(), parameters_,
                                               {example_.train(), {}}, CurvatureKind::kHessian);
  const int64_t r = 100000;
  ParameterVectors few = RandomVectors(2), many;
  for (const at::Tensor& vector : few) many.push_back(vector.repeat({r / 2, 1, 1}));
  const at::Tensor expected = Joined(curvature.Times(few, ledger_).products);
  const at::Tensor products = Joined(curvature.Times(many, ledger_).products);
  EXPECT_LE(products.slice(0, r - 2).sub(expected).abs().max().item<double>(),
            1e-12 * expected.abs().max().item<double>());
}

TEST_P(CurvatureTest, InnerProductsOfGradientsWithVectors) {
  const GradientFactors gradients = *ComputeGradientFactors(
      example_.model(), parameters_, example_.train(), GradientTarget::kLoss, ledger_);
  const ParameterVectors vectors = RandomVectors(7);
  const at::Tensor expected = at::matmul(ExplicitGradients(gradients), Joined(vectors).t());
  const Curvature curvature = *Curvature::Make(example_.model(), parameters_,
                                               {example_.train(), {}}, CurvatureKind::kHessian);
  EXPECT_LE(
      curvature.Times(vectors, ledger_).with_gradients.sub(expected).abs().max().item<double>(),
      1e-12 * expected.abs().max().item<double>());
  EXPECT_TRUE(Joined(AsVectors(gradients)).equal(ExplicitGradients(gradients)));
}

TEST_P(CurvatureTest, ABrokenCheckpointIsRefused) {
  parameters_[0].value = parameters_[0].value.mul(NAN);
  EXPECT_EQ(Curvature::Make(example_.model(), parameters_, {example_.train(), {}},
                            CurvatureKind::kHessian)
                .status()
                .code(),
            absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(Chains, CurvatureTest,
                         testing::Values(std::vector<int64_t>{}, std::vector<int64_t>{5},
                                         std::vector<int64_t>{5, 4}));

}  // namespace
}  // namespace attribench
