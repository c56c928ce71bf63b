// SPDX-License-Identifier: Apache-2.0
#include "methods/attribution_method.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

class Undamped : public FittedAttribution {
 public:
  explicit Undamped(at::Tensor scores) : scores_(std::move(scores)) {}
  absl::StatusOr<at::Tensor> Scores(const Damping&, CostLedger&) override { return scores_; }

 private:
  at::Tensor scores_;
};

}  // namespace

std::unique_ptr<FittedAttribution> MakeUndampedAttribution(at::Tensor scores) {
  return std::make_unique<Undamped>(std::move(scores));
}

Dataset AttributionTask::TrainAndTest() const {
  return {at::cat({train.inputs, test.inputs}), at::cat({train.labels, test.labels})};
}

absl::StatusOr<Parameters> ReadCheckpoint(const AttributionTask& task, CheckpointKind kind,
                                          int64_t index, CostLedger& ledger) {
  absl::StatusOr<Parameters> parameters = task.checkpoint(kind, index);
  if (parameters.ok() && (kind != CheckpointKind::kAlongRun || index == 0)) {
    ledger.Charge("training", task.training_cost(kind));
  }
  return parameters;
}

absl::StatusOr<std::vector<Parameters>> ReadCheckpoints(const AttributionTask& task,
                                                        CheckpointKind kind, int64_t count,
                                                        CostLedger& ledger, int64_t spacing) {
  std::vector<Parameters> checkpoints;
  for (int64_t c = 0; c < count; ++c) {
    absl::StatusOr<Parameters> parameters = ReadCheckpoint(task, kind, c * spacing, ledger);
    if (!parameters.ok()) return parameters.status();
    checkpoints.push_back(*std::move(parameters));
  }
  return checkpoints;
}

absl::Status CheckFinite(const at::Tensor& matrix, const std::string& what) {
  const at::Tensor bad = at::isfinite(matrix).logical_not();
  if (!bad.any().item<bool>()) return absl::OkStatus();
  const at::Tensor first = bad.nonzero()[0];
  return absl::DataLossError(absl::StrCat(bad.sum().item<int64_t>(), " of ", matrix.numel(), " ",
                                          what, " are not finite, the first at [",
                                          first[0].item<int64_t>(), ", ", first[1].item<int64_t>(),
                                          "]"));
}

absl::StatusOr<at::Tensor> SumOverSubsets(const at::Tensor& subsets, const at::Tensor& scores) {
  if (subsets.dim() != 2 || scores.dim() != 2 || subsets.size(1) != scores.size(0)) {
    return absl::InvalidArgumentError("subsets must be [subsets, train] and scores [train, test]");
  }
  if (const absl::Status status = CheckFinite(scores, "scores"); !status.ok()) return status;
  return at::matmul(subsets.to(at::kDouble), scores.to(at::kDouble));
}

absl::Status FittedAttribution::PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger) {
  subsets_ = subsets;
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> FittedAttribution::SubsetScores(const Damping& damping,
                                                           CostLedger& ledger) {
  if (!subsets_.defined()) return absl::FailedPreconditionError("PrepareSubsets comes first");
  const absl::StatusOr<at::Tensor> scores = Scores(damping, ledger);
  if (!scores.ok()) return scores.status();
  return SumOverSubsets(subsets_, *scores);
}

absl::StatusOr<double> FittedAttribution::AbsoluteDampingOf(const Damping& damping) const {
  return absl::UnimplementedError("the method has no damping");
}

absl::StatusOr<SpectralMoments> FittedAttribution::Moments(const std::vector<Damping>& dampings,
                                                           CostLedger& ledger) {
  return absl::UnimplementedError("the method has no spectrum");
}

}  // namespace attribench
