// SPDX-License-Identifier: Apache-2.0
//
// Against dense algebra in double.
#include "methods/curvature/fisher_spectrum.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

// A condition number below 1e7 leaves nine digits of double's sixteen.
constexpr double kTolerance = 1e-9;

class FisherSpectrumTest : public testing::Test {
 protected:
  at::Tensor Gradients(const Dataset& dataset) {
    return ExplicitGradients(*ComputeGradientFactors(example_.model(), parameters_, dataset,
                                                     GradientTarget::kLoss, ledger_));
  }

  // The scores with F = rows' rows / m.
  void ExpectDense(const AttributionTask& task, const at::Tensor& rows) {
    const at::Tensor fisher = at::matmul(rows.t(), rows).div(rows.size(0));
    const double mean = fisher.trace().item<double>() / fisher.size(0);
    const auto spectrum = FisherSpectrum(task, parameters_, ledger_);
    ASSERT_TRUE(spectrum.ok()) << spectrum.status();
    const auto fitted = MakeDampedAttribution({SpectralGroups{*spectrum}});
    for (const double relative : {1e-3, 1., 100.}) {
      const at::Tensor damped = fisher.add(at::eye(fisher.size(0), at::kDouble), relative * mean);
      const at::Tensor expected =
          at::matmul(Gradients(task.train), at::linalg_solve(damped, Gradients(task.test).t()));
      const at::Tensor scores = *fitted->Scores({relative, RELATIVE_TO_MEAN_EIGENVALUE}, ledger_);
      EXPECT_LE(scores.sub(expected).abs().max().item<double>(),
                kTolerance * expected.abs().max().item<double>())
          << relative;
    }
  }

  WorkedExample example_{{5}};
  CostLedger ledger_;
  Parameters parameters_ = *example_.Task().checkpoint(CheckpointKind::kFullData, 0);
};

TEST_F(FisherSpectrumTest, OfTheTrainingExamples) {
  const AttributionTask task = example_.Task();
  ExpectDense(task, Gradients(task.train));
}

// 20 examples and 53 parameters: most training gradients reach beyond their span.
TEST_F(FisherSpectrumTest, OfOtherExamplesWithWeights) {
  AttributionTask task = example_.Task();
  CurvatureExamples some;
  some.examples = {task.train.inputs.slice(0, 5, 25), task.train.labels.slice(0, 5, 25)};
  some.weights = at::arange(20, at::kDouble).add(1);
  task.own_curvature_examples = some;
  ExpectDense(task, Gradients(some.examples).mul(some.MeanOneWeights().sqrt().unsqueeze(1)));
}

TEST_F(FisherSpectrumTest, AMemoryLimitChangesNothing) {
  AttributionTask task = example_.Task();
  task.memory_limit = 3000;
  ExpectDense(task, Gradients(task.train));
  CurvatureExamples some;
  some.examples = {task.train.inputs.slice(0, 5, 25), task.train.labels.slice(0, 5, 25)};
  task.own_curvature_examples = some;
  ExpectDense(task, Gradients(some.examples));
}

TEST_F(FisherSpectrumTest, EachGradientIsComputedOnceIfAllFit) {
  AttributionTask task = example_.Task();
  CurvatureExamples some;
  some.examples = {task.train.inputs.slice(0, 5, 25), task.train.labels.slice(0, 5, 25)};
  task.own_curvature_examples = some;
  CostLedger ledger;
  ASSERT_TRUE(FisherSpectrum(task, parameters_, ledger).ok());
  EXPECT_EQ(ledger.Total().gradient_evaluations, 20 + 60 + 12);
}

}  // namespace
}  // namespace attribench
