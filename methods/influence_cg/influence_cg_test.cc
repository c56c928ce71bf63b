// SPDX-License-Identifier: Apache-2.0
//
// Compares with textbook conjugate gradients on the dense curvature in float64, one test example
// and one damping at a time, and with the exact solution. Tests an indefinite curvature too.
#include <algorithm>
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/curvature/curvature.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class InfluenceCgTest : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<FittedAttribution> Fit(const AttributionTask& task, const std::string& iterations,
                                         const std::string& tolerance) {
    const MethodVariant variant = *FindMethodVariant("influence_cg");
    return *variant.method->make()->Fit(
        task,
        *Hyperparameters::Make(
            variant.method->space,
            {{"curvature", GetParam()}, {"iterations", iterations}, {"tolerance", tolerance}}),
        ledger_);
  }

  void SetUp() override { parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0); }

  // The curvature as a matrix [p, p]: its products with unit vectors.
  at::Tensor Dense(const Parameters& parameters) {
    const Curvature curvature =
        *Curvature::Make(example_.model(), parameters, {example_.train(), {}},
                         std::string(GetParam()) == "hessian" ? CurvatureKind::kHessian
                                                              : CurvatureKind::kGaussNewton);
    const int64_t p = CountParameters(parameters);
    ParameterVectors units;
    int64_t offset = 0;
    for (const Layer& layer : example_.model().layers()) {
      const int64_t size = layer.num_outputs * (layer.num_inputs + 1);
      units.push_back(at::eye(p, at::kDouble)
                          .slice(1, offset, offset + size)
                          .reshape({p, layer.num_outputs, layer.num_inputs + 1}));
      offset += size;
    }
    std::vector<at::Tensor> rows;
    for (const at::Tensor& product : curvature.Times(units, ledger_).products) {
      rows.push_back(product.flatten(1));
    }
    return at::cat(rows, 1);
  }

  at::Tensor Gradients(const Dataset& data) {
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters_, data,
                                                     GradientTarget::kLoss, ledger_));
  }

  WorkedExample example_{{5}};
  Parameters parameters_;
  CostLedger ledger_;
};

at::Tensor ConjugateGradients(const at::Tensor& matrix, const at::Tensor& right, int steps) {
  at::Tensor x = at::zeros_like(right), residual = right.clone(), direction = right.clone();
  for (int k = 0; k < steps; ++k) {
    const at::Tensor image = at::mv(matrix, direction);
    const double squared = residual.dot(residual).item<double>();
    const double step = squared / direction.dot(image).item<double>();
    x.add_(direction, step);
    residual.sub_(image, step);
    direction = residual.add(direction, residual.dot(residual).item<double>() / squared);
  }
  return x;
}

// The dampings are large enough to make the Hessian positive definite.
TEST_P(InfluenceCgTest, EqualsTextbookConjugateGradients) {
  const at::Tensor dense = Dense(parameters_);
  const at::Tensor values = at::linalg_eigvalsh(dense);
  const double least = std::max(0.0, -values[0].item<double>());
  const auto fitted = Fit(example_.Task(), "5", "0");
  const at::Tensor train = Gradients(example_.train()), test = Gradients(example_.test());
  for (const double factor : {.01, .1, 1.0}) {
    const double lambda = 1.1 * least + factor * values[-1].item<double>();
    const at::Tensor damped = dense.add(at::eye(dense.size(0), at::kDouble).mul(lambda));
    const at::Tensor scores = *fitted->Scores({lambda, ABSOLUTE}, ledger_);
    for (int64_t j = 0; j < test.size(0); ++j) {
      const at::Tensor expected = at::mv(train, ConjugateGradients(damped, test[j], 5));
      EXPECT_LE(scores.select(1, j).sub(expected).abs().max().item<double>(),
                1e-8 * expected.abs().max().item<double>())
          << lambda << " " << j;
    }
  }
}

// With as many steps as dimensions, conjugate gradients give the exact solution.
TEST_P(InfluenceCgTest, AllStepsGiveTheSolution) {
  const at::Tensor dense = Dense(parameters_);
  const at::Tensor values = at::linalg_eigvalsh(dense);
  const double lambda =
      std::max(0.0, -values[0].item<double>()) * 1.1 + .05 * values[-1].item<double>();
  const at::Tensor expected =
      at::matmul(Gradients(example_.train()),
                 at::linalg_solve(dense.add(at::eye(dense.size(0), at::kDouble).mul(lambda)),
                                  Gradients(example_.test()).t()));
  const at::Tensor scores = *Fit(example_.Task(), "50", "0")->Scores({lambda, ABSOLUTE}, ledger_);
  EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
            1e-7 * expected.abs().max().item<double>());
}

// A residual of 1e-2 |q| means an error of at most 1e-2 |g| |q| / lambda in a score.
TEST_P(InfluenceCgTest, StopsAtTheTolerance) {
  ledger_ = CostLedger();
  const auto fitted = Fit(example_.Task(), "50", "0.01");
  const double steps = ledger_.Total().hessian_vector_products / example_.test().size();
  EXPECT_LT(steps, 50);
  EXPECT_GE(steps, 2);
  if (std::string(GetParam()) != "gauss_newton")
    return;  // the bound needs a positive definite matrix
  const MethodVariant variant = *FindMethodVariant("influence_cg");
  const Damping damping = variant.hyperparameters.DefaultDamping();
  const double lambda = *fitted->AbsoluteDampingOf(damping);
  const at::Tensor dense = Dense(parameters_);
  const at::Tensor train = Gradients(example_.train()), test = Gradients(example_.test());
  const at::Tensor expected = at::matmul(
      train,
      at::linalg_solve(dense.add(at::eye(dense.size(0), at::kDouble).mul(lambda)), test.t()));
  const at::Tensor bound = at::outer(train.norm(2, {1}), test.norm(2, {1})).mul(.01 / lambda);
  EXPECT_LE(fitted->Scores(damping, ledger_)->sub(expected).abs().div(bound).max().item<double>(),
            1);
}

// t_k = q' (F + lambda I)^-k F q with the dense empirical Fisher matrix F. lambda is the same
// multiple of the mean eigenvalue of F as the damping is of the mean eigenvalue of the curvature.
TEST_P(InfluenceCgTest, MomentsAreThoseOfTheFisher) {
  const at::Tensor train = Gradients(example_.train()), test = Gradients(example_.test());
  const auto [values, vectors] =
      at::linalg_eigh(at::matmul(train.t(), train).div(example_.train().size()));
  const at::Tensor squares = at::matmul(test, vectors).square();
  const auto fitted = Fit(example_.Task(), "3", "0");
  EXPECT_EQ(fitted->MomentsOf(), "the empirical Fisher");
  const double lambda = .3 * values.mean().item<double>();
  const double of_curvature = .3 * at::linalg_eigvalsh(Dense(parameters_)).mean().item<double>();
  const SpectralMoments moments = *fitted->Moments({{of_curvature, ABSOLUTE}}, ledger_);
  const std::vector<at::Tensor> found = {moments.t1[0], moments.t2[0], moments.t3[0]};
  for (int k = 1; k <= 3; ++k) {
    const at::Tensor expected = at::mv(squares, values.clamp_min(0).div(values.add(lambda).pow(k)));
    EXPECT_LE(found[k - 1].sub(expected).abs().max().item<double>(),
              1e-7 * expected.abs().max().item<double>())
        << k;
  }
}

// A network with random initial weights. Its Hessian has negative eigenvalues.
TEST_P(InfluenceCgTest, IndefiniteCurvatureGivesFiniteScores) {
  RandomStream stream(3, "start");
  Parameters start = example_.model().Initialise(stream);
  for (Parameter& parameter : start) parameter.value = parameter.value.to(at::kDouble);
  if (std::string(GetParam()) == "hessian") {
    EXPECT_LT(at::linalg_eigvalsh(Dense(start))[0].item<double>(), -1e-3);
  }
  AttributionTask task = example_.Task();
  task.checkpoint = [&](CheckpointKind, int64_t) -> absl::StatusOr<Parameters> { return start; };
  const auto fitted = Fit(task, "20", "0");
  for (const double relative : {0.0, 1e-4, 1.0, 1e3}) {
    const auto scores = fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger_);
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_TRUE(at::isfinite(*scores).all().item<bool>()) << relative;
  }
}

INSTANTIATE_TEST_SUITE_P(Curvatures, InfluenceCgTest, testing::Values("hessian", "gauss_newton"));

}  // namespace
}  // namespace attribench
