// SPDX-License-Identifier: Apache-2.0
#include "methods/requirements.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attribench {
namespace {

absl::Status CheckLayers(const MethodVariant& variant, const Model& model) {
  if (variant.method->space.facts().layers() != MethodFacts::LINEAR_CHAIN) return absl::OkStatus();
  for (const Layer& layer : model.layers()) {
    if (layer.kind == LayerKind::kLinear && layer.has_bias) continue;
    return absl::UnimplementedError(absl::StrCat("made for linear layers with bias in a chain; ",
                                                 model.Description(), " is another kind of model"));
  }
  return absl::OkStatus();
}

absl::Status CheckMemory(const MethodVariant& variant, int64_t num_parameters) {
  const MethodFacts& facts = variant.method->space.facts();
  const auto p = static_cast<double>(num_parameters);
  const double bytes = facts.bytes_per_squared_parameters() * p * p;
  if (bytes <= facts.max_bytes()) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrFormat("needs a matrix of %.1f GiB for %d parameters; the limit is %.1f GiB",
                      bytes / (1 << 30), num_parameters, facts.max_bytes() / (1 << 30)));
}

const char* NameOf(CheckpointKind kind) {
  switch (kind) {
    case CheckpointKind::kFullData:
      return "full-data checkpoints";
    case CheckpointKind::kHalfData:
      return "half-data checkpoints";
    case CheckpointKind::kAlongRun:
      break;
  }
  return "checkpoints along the run";
}

absl::Status CheckCheckpoints(const MethodVariant& variant,
                              const std::function<int64_t(CheckpointKind)>& num_checkpoints) {
  const MethodFacts& facts = variant.method->space.facts();
  const absl::StatusOr<CheckpointKind> kind = CheckpointKindOf(facts, variant.hyperparameters);
  if (!kind.ok()) return absl::OkStatus();
  const auto value = [&](const std::string& hyperparameter) {
    return hyperparameter.empty() ? 1 : variant.hyperparameters.Integer(hyperparameter);
  };
  const int64_t needed =
      1 + (value(facts.checkpoint_count()) - 1) * value(facts.checkpoint_spacing());
  const int64_t there = num_checkpoints(*kind);
  if (needed <= there) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("needs ", needed, " ", NameOf(*kind), "; the setting has ", there));
}

}  // namespace

absl::StatusOr<CheckpointKind> CheckpointKindOf(const MethodFacts& facts,
                                                const Hyperparameters& hyperparameters) {
  switch (facts.checkpoints()) {
    case MethodFacts::FULL_DATA:
      return CheckpointKind::kFullData;
    case MethodFacts::HALF_DATA:
      return CheckpointKind::kHalfData;
    case MethodFacts::ALONG_RUN:
      return CheckpointKind::kAlongRun;
    case MethodFacts::FULL_OR_HALF_DATA:
      return ParseCheckpointKind(hyperparameters);
    default:
      return absl::FailedPreconditionError("the method reads no checkpoint");
  }
}

int64_t NumCheckpointsRead(const MethodFacts& facts, const Hyperparameters& hyperparameters) {
  const std::string& count = facts.checkpoint_count();
  return count.empty() ? 1 : hyperparameters.Integer(count);
}

absl::Status CheckRequirements(const MethodVariant& variant, const Model& model,
                               int64_t num_parameters,
                               const std::function<int64_t(CheckpointKind)>& num_checkpoints) {
  absl::Status status = CheckLayers(variant, model);
  if (status.ok()) status = CheckMemory(variant, num_parameters);
  if (status.ok()) status = CheckCheckpoints(variant, num_checkpoints);
  return status;
}

}  // namespace attribench
