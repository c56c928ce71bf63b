// SPDX-License-Identifier: Apache-2.0
//
// Tests the theorem: the scores of all training examples add up to the logits of the refitted
// layer. The test refits it in another way, by Newton's method on the dense Hessian.
#include <map>
#include <string>

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

// The Theta [c, k] that minimises mean cross-entropy + l2 |Theta|^2.
at::Tensor Newton(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                  double l2) {
  const int64_t n = features.size(0), k = features.size(1);
  at::Tensor theta = at::zeros({classes * k}, at::kDouble);
  const at::Tensor onehot = at::one_hot(labels, classes).to(at::kDouble);
  for (int step = 0; step < 50; ++step) {
    const at::Tensor p = at::softmax(at::matmul(features, theta.view({classes, k}).t()), 1);
    const at::Tensor gradient =
        at::matmul(p.sub(onehot).t(), features).div(n).flatten().add(theta, 2 * l2);
    at::Tensor hessian = at::eye(classes * k, at::kDouble).mul(2 * l2);
    for (int64_t i = 0; i < n; ++i) {
      hessian.add_(
          at::kron(p[i].diag().sub(at::outer(p[i], p[i])), at::outer(features[i], features[i])),
          1.0 / n);
    }
    theta = theta.sub(at::linalg_solve(hessian, gradient));
  }
  return theta.view({classes, k});
}

TEST(RpsTest, ScoresAddUpToTheLogitsOfTheRefittedLayer) {
  const WorkedExample example({5});
  const Parameters parameters = *example.Task().checkpoint(CheckpointKind::kFullData, 0);
  for (const bool normalise : {false, true}) {
    const auto features = [&](const Dataset& data) {
      std::vector<LayerTrace> trace;
      example.model().Logits(parameters, data.inputs, nullptr, &trace);
      const at::Tensor f = trace.back().input;
      const at::Tensor with_one = at::cat({f, at::ones({f.size(0), 1}, f.options())}, 1);
      return normalise ? with_one.div(with_one.norm(2, {1}, true)) : with_one;
    };
    for (const char* l2 : {"0.003", "0.1"}) {
      const MethodVariant variant = *FindMethodVariant("rps");
      CostLedger ledger;
      const auto fitted = *variant.method->make()->Fit(
          example.Task(),
          *Hyperparameters::Make(variant.method->space,
                                 {{"l2", l2}, {"normalise", normalise ? "yes" : "no"}}),
          ledger);
      const at::Tensor scores = *fitted->Scores({}, ledger);
      const at::Tensor theta =
          Newton(features(example.train()), example.train().labels, 3, std::stod(l2));
      const at::Tensor logits = at::matmul(features(example.test()), theta.t())
                                    .gather(1, example.test().labels.unsqueeze(1))
                                    .squeeze(1);
      // A remaining gradient of 1e-9 means an error of at most 1e-9 / (2 l2) in Theta.
      EXPECT_LE(scores.sum(0).sub(logits).abs().max().item<double>(), 1e-5);
      EXPECT_GT(logits.abs().max().item<double>(), .1);
    }
  }
}

}  // namespace
}  // namespace attribench
