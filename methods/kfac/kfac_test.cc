// SPDX-License-Identifier: Apache-2.0
//
// Compares with the dense inverse of S kron A + lambda I of each layer, in float64.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(KfacTest, EqualsTheDenseKroneckerProduct) {
  const WorkedExample example({5});
  const MethodVariant variant = *FindMethodVariant("kfac");
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(example.Task(), variant.hyperparameters, ledger);
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  const auto factors_of = [&](const Dataset& data) {
    return *ComputeGradientFactors(example.model(), parameters, data, GradientTarget::kLoss,
                                   ledger);
  };
  const auto gradients = [&](GradientFactors factors, size_t layer) {
    factors.layers = {factors.layers[layer]};
    return ExplicitGradients(factors);
  };
  const double n = static_cast<double>(example.train().size());
  const at::Tensor probabilities =
      at::softmax(example.model().Logits(parameters, example.train().inputs), 1);
  for (const double lambda : {1e-4, 1e-2, 1.0}) {
    at::Tensor expected;
    for (size_t layer = 0; layer < 2; ++layer) {
      at::Tensor a, s;
      for (int64_t label = 0; label < probabilities.size(1); ++label) {
        const GradientFactors factors =
            factors_of({example.train().inputs, at::full_like(example.train().labels, label)});
        const LayerFactors& f = factors.layers[layer];
        a = at::matmul(f.inputs.t(), f.inputs).div(n);
        const at::Tensor term =
            at::matmul(f.deltas.mul(probabilities.select(1, label).unsqueeze(1)).t(), f.deltas)
                .div(n);
        s = s.defined() ? s.add(term) : term;
      }
      const at::Tensor curvature = at::kron(s, a);
      const at::Tensor damped = curvature.add(at::eye(curvature.size(0), at::kDouble).mul(lambda));
      const at::Tensor term =
          at::matmul(gradients(factors_of(example.train()), layer),
                     at::linalg_solve(damped, gradients(factors_of(example.test()), layer).t()));
      expected = expected.defined() ? expected.add(term) : term;
    }
    const at::Tensor scores = *fitted->Scores({lambda, ABSOLUTE}, ledger);
    EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
              1e-9 * expected.abs().max().item<double>())
        << lambda;
  }
}

}  // namespace
}  // namespace attribench
