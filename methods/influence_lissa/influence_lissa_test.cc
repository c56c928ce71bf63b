// SPDX-License-Identifier: Apache-2.0
//
// Compares with the recursion on dense matrices in float64, one per batch, and with the limit of
// many steps. The dense matrices are those of the batch's examples alone.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "gtest/gtest.h"
#include "methods/curvature/curvature.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

using Point = std::map<std::string, std::string>;

class InfluenceLissaTest : public testing::Test {
 protected:
  std::unique_ptr<FittedAttribution> Fit(const Point& overrides) {
    const MethodVariant variant = *FindMethodVariant("influence_lissa");
    return *variant.method->make()->Fit(
        example_.Task(), *Hyperparameters::Make(variant.method->space, overrides), ledger_);
  }

  // The curvature [p, p] of the mean loss over some training examples: its products with unit
  // vectors.
  at::Tensor Dense(CurvatureKind kind, const std::vector<int64_t>& members) {
    const at::Tensor rows = at::tensor(members, at::kLong);
    const Dataset data = {example_.train().inputs.index_select(0, rows),
                          example_.train().labels.index_select(0, rows)};
    const Curvature curvature = *Curvature::Make(example_.model(), parameters_, {data, {}}, kind);
    ParameterVectors units;
    int64_t p = CountParameters(parameters_), begin = 0;
    for (const Layer& layer : example_.model().layers()) {
      const int64_t size = layer.num_outputs * (layer.num_inputs + 1);
      units.push_back(at::eye(p, at::kDouble)
                          .slice(1, begin, begin + size)
                          .reshape({p, layer.num_outputs, layer.num_inputs + 1}));
      begin += size;
    }
    std::vector<at::Tensor> columns;
    CostLedger ledger;
    for (const at::Tensor& layer : curvature.Times(units, ledger).products) {
      columns.push_back(layer.flatten(1));
    }
    return at::cat(columns, 1);
  }

  std::vector<int64_t> AllExamples() const {
    std::vector<int64_t> all;
    for (int64_t i = 0; i < example_.train().size(); ++i) all.push_back(i);
    return all;
  }

  at::Tensor Gradients(const Dataset& data) {
    CostLedger ledger;
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters_, data,
                                                     GradientTarget::kLoss, ledger));
  }

  // The examples of each step's batch, as documented.
  std::vector<int64_t> Batch(uint64_t seed, uint64_t repeat, uint64_t step, int64_t size) const {
    return RandomStream(seed, "lissa", {repeat, step}).Sample(example_.train().size(), size);
  }

  // Ten steps of power iteration for each matrix; the largest result.
  double LargestEigenvalue(uint64_t seed, const std::vector<at::Tensor>& matrices) const {
    RandomStream stream(seed, "lissa power iteration");
    double largest = 0;
    for (const at::Tensor& matrix : matrices) {
      at::Tensor vector = at::empty({matrix.size(0)}, at::kDouble);
      for (int64_t i = 0; i < vector.numel(); ++i) vector.data_ptr<double>()[i] = stream.Gaussian();
      double length = 0;
      for (int step = 0; step < 10; ++step) {
        vector = at::mv(matrix, vector.div(vector.norm()));
        length = vector.norm().item<double>();
      }
      largest = std::max(largest, length);
    }
    return largest;
  }

  WorkedExample example_{{5}};
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;
};

void ExpectClose(const at::Tensor& a, const at::Tensor& b, double tolerance,
                 const std::string& what) {
  EXPECT_LE(a.sub(b).abs().max().item<double>(), tolerance * b.abs().max().item<double>()) << what;
}

// Two repeats of four steps, with the Hessian and with the Gauss-Newton matrix.
TEST_F(InfluenceLissaTest, IsTheRecursionStepByStep) {
  constexpr int64_t kRepeats = 2, kDepth = 4, kBatch = 20;
  const at::Tensor q = Gradients(example_.test()).t(), train = Gradients(example_.train());
  for (const char* name : {"hessian", "gauss_newton"}) {
    const CurvatureKind kind =
        std::string(name) == "hessian" ? CurvatureKind::kHessian : CurvatureKind::kGaussNewton;
    std::vector<at::Tensor> matrices;
    for (uint64_t repeat = 0; repeat < kRepeats; ++repeat) {
      for (uint64_t step = 0; step < kDepth; ++step) {
        matrices.push_back(Dense(kind, Batch(7, repeat, step, kBatch)));
      }
    }
    for (const double scaling : {1.0, 5.0}) {
      const auto fitted = Fit({{"curvature", name},
                               {"batch_size", "20"},
                               {"depth", "4"},
                               {"repeats", "2"},
                               {"seed", "7"},
                               {"scaling", std::to_string(scaling)}});
      for (const double lambda : {1e-3, .1, 10.0}) {
        const double sigma = scaling * (LargestEigenvalue(7, matrices) + lambda);
        at::Tensor mean = at::zeros_like(q);
        for (int64_t repeat = 0; repeat < kRepeats; ++repeat) {
          at::Tensor x = q;
          for (int64_t step = 0; step < kDepth; ++step) {
            const at::Tensor& matrix = matrices[repeat * kDepth + step];
            x = q.add(x).sub(at::matmul(matrix, x).add(x, lambda).div(sigma));
          }
          mean.add_(x, 1 / (sigma * kRepeats));
        }
        ExpectClose(*fitted->Scores({lambda, ABSOLUTE}, ledger_), at::matmul(train, mean), 1e-9,
                    name);
      }
    }
  }
}

// One step from x = q with batches of one example: x = 2 q - (h + lambda) q / sigma, with h the
// curvature of a random example. Its expectation has the mean curvature in place of h. Over 60
// seeds the mean must be within 5 standard errors of the expectation, for all 720 scores.
TEST_F(InfluenceLissaTest, ItsExpectationHasTheMeanCurvature) {
  constexpr int kSeeds = 60;
  const at::Tensor q = Gradients(example_.test()).t(), train = Gradients(example_.train());
  const at::Tensor mean_curvature = Dense(CurvatureKind::kGaussNewton, AllExamples());
  std::vector<at::Tensor> alone;
  for (const int64_t i : AllExamples()) alone.push_back(Dense(CurvatureKind::kGaussNewton, {i}));
  const double lambda = .1 * mean_curvature.trace().item<double>();
  at::Tensor sum = at::zeros({60, 12}, at::kDouble), squares = at::zeros_like(sum), expected;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const auto fitted = Fit({{"curvature", "gauss_newton"},
                             {"batch_size", "1"},
                             {"depth", "1"},
                             {"repeats", "40"},
                             {"seed", std::to_string(seed)}});
    std::vector<at::Tensor> drawn;
    for (uint64_t repeat = 0; repeat < 40; ++repeat) {
      drawn.push_back(alone[Batch(seed, repeat, 0, 1)[0]]);
    }
    const double sigma = LargestEigenvalue(seed, drawn) + lambda;
    expected = at::matmul(
        train, q.mul(2 - lambda / sigma).sub(at::matmul(mean_curvature, q).div(sigma)).div(sigma));
    const at::Tensor noise = fitted->Scores({lambda, ABSOLUTE}, ledger_)->sub(expected);
    sum.add_(noise);
    squares.add_(noise.square());
  }
  const at::Tensor mean = sum.div(kSeeds);
  const at::Tensor error = squares.div(kSeeds).sub(mean.square()).div(kSeeds - 1).sqrt();
  EXPECT_GT(error.min().item<double>(), 0);
  EXPECT_LE(mean.abs().div(error).max().item<double>(), 5);
  // The test is sharp: the curvature moves the scores by much more than the standard errors.
  const double moved = at::matmul(train, at::matmul(mean_curvature, q)).norm().item<double>();
  EXPECT_LE(error.norm().item<double>() * std::pow(2 * lambda, 2), .1 * moved);
}

// With all examples in each batch and very many steps, the recursion gives the exact solution.
TEST_F(InfluenceLissaTest, WholeBatchesAndGreatDepthAreTheInverse) {
  const at::Tensor dense = Dense(CurvatureKind::kGaussNewton, AllExamples());
  const double lambda = .1 * at::linalg_eigvalsh(dense)[-1].item<double>();
  const at::Tensor damped = dense.add(at::eye(dense.size(0), at::kDouble).mul(lambda));
  const at::Tensor expected = at::matmul(Gradients(example_.train()),
                                         at::linalg_solve(damped, Gradients(example_.test()).t()));
  for (const char* batch_size : {"0", "60", "1000"}) {
    const auto fitted =
        Fit({{"curvature", "gauss_newton"}, {"batch_size", batch_size}, {"depth", "400"}});
    // What is left is at most (1 - 1 / 11)^400 = 3e-17.
    ExpectClose(*fitted->Scores({lambda, ABSOLUTE}, ledger_), expected, 1e-10, batch_size);
  }
}

TEST_F(InfluenceLissaTest, TheSeedDecides) {
  const Damping damping = {1, RELATIVE_TO_MEAN_EIGENVALUE};
  const auto scores = [&](const char* seed) {
    return *Fit({{"batch_size", "10"}, {"depth", "20"}, {"seed", seed}})->Scores(damping, ledger_);
  };
  const at::Tensor first = scores("1");
  EXPECT_TRUE(at::equal(first, scores("1")));
  EXPECT_GT(first.sub(scores("2")).abs().max().item<double>(),
            1e-3 * first.abs().max().item<double>());
}

// The steps in reverse order, for the sums over subsets, give the sums of the scores.
TEST_F(InfluenceLissaTest, ReverseStepsGiveTheSums) {
  const auto fitted = Fit({{"batch_size", "10"}, {"depth", "30"}, {"repeats", "2"}});
  const at::Tensor subsets = at::rand({5, example_.train().size()}).lt(.5);
  const auto scorer = *fitted->ScoreSubsets(subsets, ledger_);
  for (const double relative : {.1, 10.0, 1e3}) {
    const Damping damping = {relative, RELATIVE_TO_MEAN_EIGENVALUE};
    ExpectClose(*scorer->Sums(damping, ledger_),
                at::matmul(subsets.to(at::kDouble), *fitted->Scores(damping, ledger_)), 1e-9,
                ToString(damping));
  }
}

// With sigma a tenth of the largest eigenvalue, each step multiplies an error by 9 along it. The
// method says that its sums are not finite.
TEST_F(InfluenceLissaTest, DivergenceIsReported) {
  const auto fitted = Fit(
      {{"curvature", "gauss_newton"}, {"batch_size", "0"}, {"depth", "1000"}, {"scaling", "0.1"}});
  const auto scorer =
      *fitted->ScoreSubsets(at::ones({3, example_.train().size()}, at::kBool), ledger_);
  EXPECT_EQ(scorer->Sums({0, ABSOLUTE}, ledger_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(at::isfinite(*fitted->Scores({0, ABSOLUTE}, ledger_)).all().item<bool>());
}

// A batch of 15 of the 60 examples is a quarter of a Hessian-vector product.
TEST_F(InfluenceLissaTest, ChargesByFormula) {
  const auto fitted = Fit({{"batch_size", "15"}, {"depth", "20"}, {"repeats", "2"}});
  const Cost fit = ledger_.Total();
  EXPECT_NEAR(fit.hessian_vector_products, 40 * 10 * .25, 1e-9);  // power iteration, 40 batches
  // Training and test gradients, and a backward pass per class for the mean eigenvalue.
  EXPECT_EQ(fit.gradient_evaluations, 60 + 12 + 3 * 60);
  CostLedger scoring;
  ASSERT_TRUE(fitted->Scores({1, ABSOLUTE}, scoring).ok());
  EXPECT_NEAR(scoring.Total().hessian_vector_products, 12 * 40 * .25, 1e-9);
  // Layers of 6 x 5 and 5 x 3: the first takes two products of 2 b out in operations a vector, the
  // second six; the last factor 4 p is the update of x.
  const double p = 5 * 7 + 3 * 6, scores = 2 * 60.0 * 12 * p;
  EXPECT_NEAR(scoring.Total().flops, 12 * 40 * (2 * 15 * (2 * 5 * 6 + 6 * 3 * 5) + 4 * p) + scores,
              1e-6 * scoring.Total().flops);
}

}  // namespace
}  // namespace attribench
