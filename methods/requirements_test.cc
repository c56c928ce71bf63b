// SPDX-License-Identifier: Apache-2.0
#include "methods/requirements.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "methods/worked_example.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;

class RequirementsTest : public testing::Test {
 protected:
  RequirementsTest() {
    method_.name = "sample";
    Hyperparameter& count = *method_.space.add_hyperparameters();
    count.set_name("checkpoints");
    count.set_kind(Hyperparameter::INTEGER);
    count.set_default_value("3");
    count.add_grid("3");
    Hyperparameter& spacing = *method_.space.add_hyperparameters();
    spacing = count;
    spacing.set_name("spacing");
    facts_.set_checkpoints(MethodFacts::ALONG_RUN);
    facts_.set_checkpoint_count("checkpoints");
    facts_.set_checkpoint_spacing("spacing");
  }

  absl::Status Check(const Model& model, int64_t num_parameters, int64_t num_along_run) {
    return CheckRequirements(
        {"sample", &method_, *Hyperparameters::Make(method_.space, {})}, model, num_parameters,
        [&](CheckpointKind kind) { return kind == CheckpointKind::kAlongRun ? num_along_run : 0; });
  }

  RegisteredMethod method_;
  MethodFacts& facts_ = *method_.space.mutable_facts();
  WorkedExample example_;
};

// Three checkpoints, three apart, are numbers 0, 3 and 6.
TEST_F(RequirementsTest, CheckpointsAreCountedWithTheirSpacing) {
  EXPECT_TRUE(Check(example_.model(), 21, 7).ok());
  const absl::Status status = Check(example_.model(), 21, 6);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("needs 7 checkpoints along the run; the setting has 6"));
}

TEST_F(RequirementsTest, AMethodWithoutCheckpointsNeedsNone) {
  facts_.set_checkpoints(MethodFacts::NO_CHECKPOINT);
  EXPECT_TRUE(Check(example_.model(), 21, 0).ok());
}

// The hyperparameter decides, so a variant is refused where only the other kind is there.
TEST_F(RequirementsTest, TheHyperparameterNamesTheKindOfCheckpoint) {
  facts_.set_checkpoints(MethodFacts::FULL_OR_HALF_DATA);
  facts_.clear_checkpoint_spacing();
  Hyperparameter& kind = *method_.space.add_hyperparameters();
  kind.set_name("checkpoint_kind");
  kind.set_kind(Hyperparameter::CHOICE);
  kind.set_default_value("full_data");
  kind.add_grid("full_data");
  kind.add_grid("half_data");
  const auto check = [&](const std::string& value, CheckpointKind there) {
    const Hyperparameters point =
        *Hyperparameters::Make(method_.space, {{"checkpoint_kind", value}});
    EXPECT_EQ(*CheckpointKindOf(facts_, point),
              value == "full_data" ? CheckpointKind::kFullData : CheckpointKind::kHalfData);
    return CheckRequirements({"sample", &method_, point}, example_.model(), 21,
                             [&](CheckpointKind kind) { return kind == there ? 3 : 0; });
  };
  EXPECT_TRUE(check("full_data", CheckpointKind::kFullData).ok());
  EXPECT_TRUE(check("half_data", CheckpointKind::kHalfData).ok());
  EXPECT_THAT(std::string(check("full_data", CheckpointKind::kHalfData).message()),
              HasSubstr("needs 3 full-data checkpoints; the setting has 0"));
  EXPECT_THAT(std::string(check("half_data", CheckpointKind::kFullData).message()),
              HasSubstr("needs 3 half-data checkpoints; the setting has 0"));
}

TEST_F(RequirementsTest, LinearChainsExcludeConvolutions) {
  facts_.set_layers(MethodFacts::LINEAR_CHAIN);
  EXPECT_TRUE(Check(example_.model(), 21, 7).ok());
  const WorkedExample images = WorkedExample::WithConvolutions();
  const absl::Status status = Check(images.model(), 21, 7);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr(images.model().Description()));
}

TEST_F(RequirementsTest, AMatrixBeyondTheLimitIsRefusedWithBothSizes) {
  facts_.set_bytes_per_squared_parameters(8);
  facts_.set_max_bytes(8.0 * (1 << 30));
  EXPECT_TRUE(Check(example_.model(), 1 << 15, 7).ok());
  const absl::Status status = Check(example_.model(), 1 << 16, 7);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("needs a matrix of 32.0 GiB for 65536 parameters"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the limit is 8.0 GiB"));
}

}  // namespace
}  // namespace attribench
