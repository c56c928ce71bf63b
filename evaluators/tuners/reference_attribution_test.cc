// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/reference_attribution.h"

#include "ATen/ATen.h"
#include "gtest/gtest.h"
#include "methods/registry.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

TEST(ReferenceAttributionTest, IsExactTrakAtOneCheckpoint) {
  const WorkedExample example;
  const AttributionTask task = example.Task();
  const MethodVariant exact = *FindMethodVariant("trak_exact_1");
  CostLedger ledger;
  const auto trak = exact.method->make()->Fit(task, exact.hyperparameters, ledger);
  ASSERT_TRUE(trak.ok()) << trak.status();
  const auto reference = FitReference(task, {CheckpointKind::kHalfData, 0}, ledger);
  ASSERT_TRUE(reference.ok()) << reference.status();
  const Damping damping = {.5, RELATIVE_TO_MEAN_EIGENVALUE};
  const at::Tensor expected = *(*trak)->Scores(damping, ledger);
  EXPECT_TRUE(at::allclose(*(*reference)->Scores(damping, ledger), expected, 1e-12, 1e-15));

  const auto full = FitReference(task, {CheckpointKind::kFullData, 0}, ledger);
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_FALSE(at::allclose(*(*full)->Scores(damping, ledger), expected, 1e-3));
}

TEST(ReferenceAttributionTest, AMissingCheckpointIsAStatus) {
  AttributionTask task = WorkedExample().Task();
  task.checkpoint = [](CheckpointKind, int64_t) { return absl::NotFoundError("no such file"); };
  CostLedger ledger;
  EXPECT_EQ(FitReference(task, {CheckpointKind::kFullData, 0}, ledger).status(),
            absl::NotFoundError("no such file"));
}

}  // namespace
}  // namespace attribench
