// SPDX-License-Identifier: Apache-2.0
//
// What CONTRIBUTING.md recommends to methods and tuners is there for another workspace: these
// headers compile with the libraries of @attribench alone, and small pieces of them work.
#include "ATen/ATen.h"
#include "datasets/exception_status.h"
#include "datasets/random_stream.h"
#include "evaluators/tuners/surrogate_indicator.h"
#include "evaluators/tuners/tuner.h"
#include "gtest/gtest.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/curvature/kronecker_attribution.h"
#include "methods/curvature/kronecker_model.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"
#include "methods/gradients/task_gradients.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(FrontDoorTest, GradientsOfATaskGiveItsFisherSpectrum) {
  const WorkedExample example;
  const AttributionTask task = example.Task();
  CostLedger ledger;
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto gradients = TaskGradients::Make(task, parameters, GradientTarget::kLoss, ledger);
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  const auto spectrum = FisherSpectrum(task, parameters, ledger);
  ASSERT_TRUE(spectrum.ok()) << spectrum.status();
  const auto fitted = MakeDampedAttribution({SpectralGroups{*spectrum}});
  // At a large damping, influence is the inner product of gradients over the damping.
  const at::Tensor scores = *fitted->Scores({1e8, ABSOLUTE}, ledger);
  const at::Tensor products = *InnerProducts(gradients->train, gradients->test, ledger);
  EXPECT_LE(scores.mul(1e8).sub(products).abs().max().item<double>(),
            1e-6 * products.abs().max().item<double>());
}

TEST(FrontDoorTest, KroneckerFactorsAndCurvatureProductsOfATask) {
  const WorkedExample example;
  const AttributionTask task = example.Task();
  CostLedger ledger;
  const Parameters parameters = *task.checkpoint(CheckpointKind::kFullData, 0);
  const auto model = FitKroneckerModel(task, parameters, FisherKind::kTrue,
                                       KroneckerEigenvalues::kProducts, ledger);
  ASSERT_TRUE(model.ok()) << model.status();
  const auto curvature = Curvature::Make(*task.model, parameters, task.curvature_examples(),
                                         CurvatureKind::kGaussNewton);
  ASSERT_TRUE(curvature.ok()) << curvature.status();
  // For softmax regression the Gauss-Newton matrix is the true Fisher, and K-FAC keeps its trace if
  // inputs and deltas are independent; they are not here, so only the order of size is compared.
  double trace = 0, dimension = 0;
  for (const KroneckerLayer& layer : model->layers) {
    trace += layer.eigenvalues.sum().item<double>();
    dimension += static_cast<double>(layer.eigenvalues.numel());
  }
  EXPECT_GT(trace / dimension, .2 * curvature->MeanEigenvalue(ledger));
  EXPECT_LT(trace / dimension, 5 * curvature->MeanEigenvalue(ledger));
}

}  // namespace
}  // namespace attribench
