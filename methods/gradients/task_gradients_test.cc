// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/task_gradients.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

class TaskGradientsTest : public testing::Test {
 protected:
  // With a memory limit under which the gradients of `examples` examples may be kept.
  TaskGradients Make(double examples) {
    const double share = task_.all_gradient_bytes() / task_.memory_limit;
    task_.memory_limit = examples * GradientBytes(example_.model(), parameters_) / share;
    return *TaskGradients::Make(task_, parameters_, GradientTarget::kLoss, ledger_);
  }

  WorkedExample example_{{5, 4}};  // 60 training and 12 test examples
  AttributionTask task_ = example_.Task();
  Parameters parameters_ = *task_.checkpoint(CheckpointKind::kFullData, 0);
  CostLedger ledger_;
};

TEST_F(TaskGradientsTest, AllAreKeptIfTheyFit) {
  const TaskGradients gradients = Make(72.5);
  EXPECT_EQ(gradients.test.rows(), 12);
  EXPECT_EQ(gradients.train.rows(), 60);
  EXPECT_EQ(ledger_.Total().gradient_evaluations, 72);
}

TEST_F(TaskGradientsTest, TestExamplesComeFirst) {
  const TaskGradients gradients = Make(40.5);
  EXPECT_EQ(gradients.test.rows(), 12);
  EXPECT_EQ(gradients.train.rows(), 28);
  EXPECT_EQ(ledger_.Total().gradient_evaluations, 12) << "training gradients are not kept";
}

TEST_F(TaskGradientsTest, TestExamplesTakeFourFifthsAtMost) {
  const TaskGradients gradients = Make(10.1);
  EXPECT_EQ(gradients.test.rows(), 8);
  EXPECT_EQ(gradients.train.rows(), 2);
  EXPECT_EQ(ledger_.Total().gradient_evaluations, 0) << "none are kept";
}

TEST_F(TaskGradientsTest, ScoresDoNotDependOnTheLimit) {
  const TaskGradients whole = Make(72.5), slices = Make(10.1);
  const at::Tensor expected = *InnerProducts(whole.train, whole.test, ledger_);
  const at::Tensor products = *InnerProducts(slices.train, slices.test, ledger_);
  // Sums of at most 100 products in float64, in another order.
  EXPECT_LE(products.sub(expected).abs().max().item<double>(),
            1e-12 * expected.abs().max().item<double>());
}

}  // namespace
}  // namespace attribench
