// SPDX-License-Identifier: Apache-2.0
//
// Compares with eigenpairs of the dense curvature in float64. Tests an indefinite curvature too.
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

class InfluenceArnoldiTest : public testing::TestWithParam<const char*> {
 protected:
  InfluenceArnoldiTest() {
    task_.checkpoint = [this](CheckpointKind, int64_t) {
      return absl::StatusOr<Parameters>(parameters_);
    };
  }

  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(
      std::map<std::string, std::string> overrides) {
    const MethodVariant variant = *FindMethodVariant("influence_arnoldi");
    overrides["curvature"] = GetParam();
    return variant.method->make()->Fit(
        task_, *Hyperparameters::Make(variant.method->space, overrides), ledger_);
  }

  // The curvature as a matrix [p, p]: its products with unit vectors.
  at::Tensor Dense() {
    const Curvature curvature =
        *Curvature::Make(example_.model(), parameters_, {example_.train(), {}},
                         std::string(GetParam()) == "hessian" ? CurvatureKind::kHessian
                                                              : CurvatureKind::kGaussNewton);
    const int64_t p = CountParameters(parameters_);
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

  // Expects the scores and t_2 that these eigenpairs give.
  void ExpectEigenpairs(FittedAttribution& fitted, const at::Tensor& values,
                        const at::Tensor& vectors, double lambda) {
    const at::Tensor left = at::matmul(Gradients(example_.train()), vectors);
    const at::Tensor right = at::matmul(vectors.t(), Gradients(example_.test()).t());
    const at::Tensor damped = values.add(lambda).unsqueeze(1);
    const at::Tensor expected = at::matmul(left, right.div(damped));
    EXPECT_LE(fitted.Scores({lambda, ABSOLUTE}, ledger_)->sub(expected).abs().max().item<double>(),
              1e-6 * expected.abs().max().item<double>())
        << lambda;
    const at::Tensor t2 = right.square().mul(values.unsqueeze(1)).div(damped.square()).sum(0);
    EXPECT_LE(
        fitted.Moments({{lambda, ABSOLUTE}}, ledger_)->t2[0].sub(t2).abs().max().item<double>(),
        1e-6 * t2.abs().max().item<double>())
        << lambda;
  }

  WorkedExample example_{{5}};
  AttributionTask task_ = example_.Task();
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;
};

// The Krylov space is the whole space, so all positive eigenpairs are found.
TEST_P(InfluenceArnoldiTest, EqualsTheDenseEigenpairs) {
  const auto [values, vectors] = at::linalg_eigh(Dense());
  const at::Tensor kept = values.gt(1e-7 * values[-1].item<double>()).nonzero().squeeze(1);
  const auto fitted = *Fit({{"iterations", "200"}, {"rank", "200"}});
  for (const double lambda : {.01, .1, 1.0}) {
    ExpectEigenpairs(*fitted, values.index_select(0, kept), vectors.index_select(1, kept), lambda);
  }
  const double mean = at::linalg_eigvalsh(Dense()).mean().item<double>();
  EXPECT_NEAR(*fitted->AbsoluteDampingOf({1, RELATIVE_TO_MEAN_EIGENVALUE}), mean, 1e-9 * mean);
}

TEST_P(InfluenceArnoldiTest, KeepsTheEigenpairsOfRank) {
  const auto [values, vectors] = at::linalg_eigh(Dense());
  const int64_t p = values.size(0);
  ASSERT_GT(values[p - 4].item<double>(), values[0].abs().item<double>());
  const auto fitted = *Fit({{"iterations", "200"}, {"rank", "4"}});
  ExpectEigenpairs(*fitted, values.slice(0, p - 4), vectors.slice(1, p - 4), .1);
  // A Krylov space of a few more dimensions is enough, even without damping.
  const auto quick = *Fit({{"iterations", "25"}, {"rank", "4"}});
  ExpectEigenpairs(*quick, values.slice(0, p - 4), vectors.slice(1, p - 4), 0);
}

// A network with random initial weights. Its Hessian has large negative eigenvalues.
TEST_P(InfluenceArnoldiTest, IndefiniteCurvatureGivesFiniteScores) {
  RandomStream stream(3, "start");
  parameters_ = example_.model().Initialise(stream);
  for (Parameter& parameter : parameters_) parameter.value = parameter.value.to(at::kDouble);
  if (std::string(GetParam()) == "hessian") {
    EXPECT_LT(at::linalg_eigvalsh(Dense())[0].item<double>(), -1e-3);
  }
  const auto fitted = *Fit({{"iterations", "30"}});
  for (const double relative : {0.0, 1e-4, 1.0, 1e3}) {
    const auto scores = fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger_);
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_TRUE(at::isfinite(*scores).all().item<bool>()) << relative;
  }
}

INSTANTIATE_TEST_SUITE_P(Curvatures, InfluenceArnoldiTest,
                         testing::Values("hessian", "gauss_newton"));

}  // namespace
}  // namespace attribench
