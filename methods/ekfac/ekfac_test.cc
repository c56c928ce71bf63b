// SPDX-License-Identifier: Apache-2.0
//
// Compares with dense algebra in float64. The Fisher matrix of a layer is a sum of outer products
// of explicit gradients, over all classes weighted with their probabilities.
#include <map>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

std::unique_ptr<FittedAttribution> Fit(const AttributionTask& task,
                                       const std::map<std::string, std::string>& overrides) {
  const MethodVariant variant = *FindMethodVariant("ekfac");
  CostLedger ledger;
  return *variant.method->make()->Fit(
      task, *Hyperparameters::Make(variant.method->space, overrides), ledger);
}

// Gradients of the loss in one layer, [n, out (in + 1)], with the labels of `data`.
at::Tensor LayerGradients(const WorkedExample& example, const Dataset& data, size_t layer) {
  CostLedger ledger;
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  GradientFactors factors =
      *ComputeGradientFactors(example.model(), parameters, data, GradientTarget::kLoss, ledger);
  factors.layers = {factors.layers[layer]};
  return ExplicitGradients(factors);
}

at::Tensor Probabilities(const WorkedExample& example, const Dataset& data) {
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  return at::softmax(example.model().Logits(parameters, data.inputs), 1);
}

at::Tensor DenseFisher(const WorkedExample& example, const Dataset& data, size_t layer,
                       bool truly) {
  at::Tensor fisher;
  const double n = static_cast<double>(data.size());
  if (!truly) {
    const at::Tensor g = LayerGradients(example, data, layer);
    return at::matmul(g.t(), g).div(n);
  }
  const at::Tensor probabilities = Probabilities(example, data);
  for (int64_t label = 0; label < probabilities.size(1); ++label) {
    const at::Tensor g =
        LayerGradients(example, {data.inputs, at::full_like(data.labels, label)}, layer);
    const at::Tensor term =
        at::matmul(g.mul(probabilities.select(1, label).unsqueeze(1)).t(), g).div(n);
    fisher = fisher.defined() ? fisher.add(term) : term;
  }
  return fisher;
}

// The Kronecker eigenbasis Q_S kron Q_A of a layer with p parameters, [p, p].
at::Tensor KroneckerBasis(const WorkedExample& example, size_t layer, bool truly) {
  CostLedger ledger;
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const double n = static_cast<double>(example.train().size());
  at::Tensor a, s;
  const at::Tensor probabilities = Probabilities(example, example.train());
  const int64_t classes = probabilities.size(1);
  for (int64_t label = 0; label < (truly ? classes : 1); ++label) {
    Dataset data = example.train();
    if (truly) data.labels = at::full_like(data.labels, label);
    const auto factors =
        ComputeGradientFactors(example.model(), parameters, data, GradientTarget::kLoss, ledger);
    const LayerFactors& f = factors->layers[layer];
    a = at::matmul(f.inputs.t(), f.inputs).div(n);
    const at::Tensor weight = truly ? probabilities.select(1, label).unsqueeze(1)
                                    : at::ones({f.deltas.size(0), 1}, at::kDouble);
    const at::Tensor term = at::matmul(f.deltas.mul(weight).t(), f.deltas).div(n);
    s = s.defined() ? s.add(term) : term;
  }
  const at::Tensor q_a = std::get<1>(at::linalg_eigh(a)), q_s = std::get<1>(at::linalg_eigh(s));
  return at::kron(q_s, q_a);
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b, const std::string& what) {
  EXPECT_LE(a.sub(b).abs().max().item<double>(), 1e-9 * b.abs().max().item<double>()) << what;
}

TEST(EkfacTest, EqualsTheDenseFisherInTheKroneckerBasis) {
  const WorkedExample example({5});
  for (const bool truly : {true, false}) {
    const auto fitted = Fit(example.Task(), {{"fisher", truly ? "true" : "empirical"}});
    for (const double relative : {1e-3, .1, 10.0}) {
      at::Tensor expected;
      for (size_t layer = 0; layer < 2; ++layer) {
        const at::Tensor basis = KroneckerBasis(example, layer, truly);
        const at::Tensor fisher = DenseFisher(example, example.train(), layer, truly);
        const at::Tensor diagonal = at::matmul(at::matmul(basis.t(), fisher), basis).diagonal();
        const at::Tensor damped = diagonal.add(relative * diagonal.mean().item<double>());
        const at::Tensor inverse =
            at::matmul(at::matmul(basis, damped.reciprocal().diag()), basis.t());
        const at::Tensor term =
            at::matmul(at::matmul(LayerGradients(example, example.train(), layer), inverse),
                       LayerGradients(example, example.test(), layer).t());
        expected = expected.defined() ? expected.add(term) : term;
      }
      CostLedger ledger;
      ExpectClose(*fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger), expected,
                  truly ? "true" : "empirical");
    }
  }
}

// If all training examples have the same input a, then F = S kron a a', and EK-FAC is exact.
TEST(EkfacTest, IsExactIfTheFisherMatrixIsAKroneckerProduct) {
  const WorkedExample example;
  AttributionTask task = example.Task();
  task.train.inputs = task.train.inputs.slice(0, 0, 1).expand_as(task.train.inputs).contiguous();
  const auto fitted = Fit(task, {});
  const at::Tensor fisher = DenseFisher(example, task.train, 0, true);
  const double lambda = .1 * fisher.trace().item<double>() / fisher.size(0);
  const at::Tensor damped = fisher.add(at::eye(fisher.size(0), at::kDouble).mul(lambda));
  CostLedger ledger;
  ExpectClose(*fitted->Scores({lambda, ABSOLUTE}, ledger),
              at::matmul(LayerGradients(example, task.train, 0),
                         at::linalg_solve(damped, LayerGradients(example, example.test(), 0).t())),
              "exact");
}

// Compares sums over subsets and moments with their definitions.
TEST(EkfacTest, SumsAndMomentsAreThoseOfTheScores) {
  const WorkedExample example({5});
  const auto fitted = Fit(example.Task(), {});
  CostLedger ledger;
  const at::Tensor subsets = at::rand({4, example.train().size()}).lt(.5);
  const auto scorer = *fitted->ScoreSubsets(subsets, ledger);
  const Damping damping = {.1, RELATIVE_TO_MEAN_EIGENVALUE};
  ExpectClose(*scorer->Sums(damping, ledger),
              at::matmul(subsets.to(at::kDouble), *fitted->Scores(damping, ledger)), "sums");

  const SpectralMoments moments = *fitted->Moments({damping}, ledger);
  std::vector<at::Tensor> expected(3);
  for (size_t layer = 0; layer < 2; ++layer) {
    const at::Tensor basis = KroneckerBasis(example, layer, true);
    const at::Tensor fisher = DenseFisher(example, example.train(), layer, true);
    const at::Tensor mu = at::matmul(at::matmul(basis.t(), fisher), basis).diagonal();
    const double lambda = .1 * mu.mean().item<double>();
    const at::Tensor squares =
        at::matmul(LayerGradients(example, example.test(), layer), basis).square();  // [t, p]
    for (int k = 1; k <= 3; ++k) {
      const at::Tensor term = at::matmul(squares, mu.div(mu.add(lambda).pow(k)));
      expected[k - 1] = expected[k - 1].defined() ? expected[k - 1].add(term) : term;
    }
  }
  ExpectClose(moments.t1[0], expected[0], "t1");
  ExpectClose(moments.t2[0], expected[1], "t2");
  ExpectClose(moments.t3[0], expected[2], "t3");
}

// With damping_scope "model", all layers have one lambda, relative to the mean over all layers.
TEST(EkfacTest, ScopeOfARelativeDamping) {
  const WorkedExample example({5});
  const auto by_layer = Fit(example.Task(), {});
  const auto by_model = Fit(example.Task(), {{"damping_scope", "model"}});
  const Damping relative = {.1, RELATIVE_TO_MEAN_EIGENVALUE};
  double trace = 0, dimension = 0;
  for (size_t layer = 0; layer < 2; ++layer) {
    const at::Tensor fisher = DenseFisher(example, example.train(), layer, true);
    trace += fisher.trace().item<double>();
    dimension += fisher.size(0);
  }
  const double lambda = .1 * trace / dimension;
  EXPECT_NEAR(*by_model->AbsoluteDampingOf(relative), lambda, 1e-9 * lambda);
  EXPECT_NEAR(*by_layer->AbsoluteDampingOf(relative), lambda, 1e-9 * lambda);
  CostLedger ledger;
  const at::Tensor absolute = *by_layer->Scores({lambda, ABSOLUTE}, ledger);
  ExpectClose(*by_model->Scores(relative, ledger), absolute, "model");
  EXPECT_GT(by_layer->Scores(relative, ledger)->sub(absolute).abs().max().item<double>(),
            1e-3 * absolute.abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
