// SPDX-License-Identifier: Apache-2.0
//
// The kernel form against the dense (F + lambda I)^-1 of explicit gradients, in double.
#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(FisherTest, KernelFormIsTheDenseInverse) {
  const WorkedExample example({5});
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant("fisher");
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(task, variant.hyperparameters, ledger);

  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const at::Tensor g = ExplicitGradients(*ComputeGradientFactors(
      example.model(), parameters, example.train(), GradientTarget::kLoss, ledger));
  const at::Tensor q = ExplicitGradients(*ComputeGradientFactors(
      example.model(), parameters, example.test(), GradientTarget::kLoss, ledger));
  const at::Tensor fisher = at::matmul(g.t(), g).div(g.size(0));
  const double mean_eigenvalue = fisher.trace().item<double>() / fisher.size(0);
  for (const double relative : {1e-4, 1e-2, 1.0, 100.0}) {
    const double lambda = relative * mean_eigenvalue;
    const at::Tensor dense = at::matmul(
        g, at::linalg_solve(fisher.add(at::eye(fisher.size(0), at::kDouble).mul(lambda)), q.t()));
    const at::Tensor kernel = *fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger);
    EXPECT_LE(kernel.sub(dense).abs().max().item<double>(), 1e-6 * dense.abs().max().item<double>())
        << relative;
    EXPECT_NEAR(*fitted->AbsoluteDampingOf({relative, RELATIVE_TO_MEAN_EIGENVALUE}), lambda,
                1e-9 * lambda);
  }
}

TEST(FisherTest, InfiniteDampingIsGradDot) {
  const WorkedExample example({5});
  const AttributionTask task = example.Task();
  const MethodVariant variant = *FindMethodVariant("fisher");
  CostLedger ledger;
  const auto fitted = *variant.method->make()->Fit(task, variant.hyperparameters, ledger);
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto train = *ComputeGradientFactors(example.model(), parameters, example.train(),
                                             GradientTarget::kLoss, ledger);
  const auto test = *ComputeGradientFactors(example.model(), parameters, example.test(),
                                            GradientTarget::kLoss, ledger);
  const at::Tensor grad_dot = InnerProducts(train, test, ledger);
  const double lambda = 1e8;  // the next term of the series is smaller by |F| / lambda
  const at::Tensor scores = fitted->Scores({lambda, ABSOLUTE}, ledger)->mul(lambda);
  EXPECT_LE(scores.sub(grad_dot).abs().max().item<double>(),
            1e-6 * grad_dot.abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
