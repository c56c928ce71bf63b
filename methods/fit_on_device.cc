// SPDX-License-Identifier: Apache-2.0
#include "methods/fit_on_device.h"

#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/clock.h"
#include "methods/device.h"

namespace attribench {
namespace {

at::Tensor MovedTo(const at::Tensor& tensor, const at::Device& device) {
  return tensor.defined() ? tensor.to(device) : tensor;
}

AttributionTask TaskOnDevice(const AttributionTask& task) {
  AttributionTask moved = task;
  moved.train = OnDevice(task.train, task.device);
  moved.test = OnDevice(task.test, task.device);
  if (task.own_curvature_examples.has_value()) {
    moved.own_curvature_examples = {OnDevice(task.own_curvature_examples->examples, task.device),
                                    MovedTo(task.own_curvature_examples->weights, task.device)};
  }
  moved.checkpoint = [checkpoint = task.checkpoint, device = task.device](
                         CheckpointKind kind, int64_t index) -> absl::StatusOr<Parameters> {
    const absl::StatusOr<Parameters> parameters = checkpoint(kind, index);
    if (!parameters.ok()) return parameters.status();
    return OnDevice(*parameters, device);
  };
  return moved;
}

class SubsetsOnDevice : public SubsetScorer {
 public:
  SubsetsOnDevice(std::unique_ptr<SubsetScorer> scorer, const at::Device& device)
      : scorer_(std::move(scorer)), device_(device) {}

  absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    absl::StatusOr<at::Tensor> sums = scorer_->Sums(damping, ledger);
    if (sums.ok()) sums = MovedTo(*sums, at::kCPU);
    return sums;
  }

 private:
  const std::unique_ptr<SubsetScorer> scorer_;
  const at::Device device_;
};

class TargetsOnDevice : public TrainingTargetScorer {
 public:
  TargetsOnDevice(std::unique_ptr<TrainingTargetScorer> scorer, const at::Device& device)
      : scorer_(std::move(scorer)), device_(device) {}

  absl::StatusOr<TrainingTargetSums> Sums(const Damping& damping, CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    const absl::StatusOr<TrainingTargetSums> sums = scorer_->Sums(damping, ledger);
    if (!sums.ok()) return sums.status();
    return TrainingTargetSums{MovedTo(sums->sums, at::kCPU), MovedTo(sums->own, at::kCPU)};
  }

 private:
  const std::unique_ptr<TrainingTargetScorer> scorer_;
  const at::Device device_;
};

// Moves what its functions take to the device, and what they return to the CPU.
class FittedOnDevice : public FittedAttribution {
 public:
  FittedOnDevice(std::unique_ptr<FittedAttribution> fitted, const at::Device& device)
      : fitted_(std::move(fitted)), device_(device) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    absl::StatusOr<at::Tensor> scores = fitted_->Scores(damping, ledger);
    if (scores.ok()) scores = MovedTo(*scores, at::kCPU);
    return scores;
  }

  absl::Status PrepareManyDampings(CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    return fitted_->PrepareManyDampings(ledger);
  }

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    auto scorer = fitted_->ScoreSubsets(MovedTo(subsets, device_), ledger);
    if (!scorer.ok()) return scorer.status();
    return std::unique_ptr<SubsetScorer>(new SubsetsOnDevice(*std::move(scorer), device_));
  }

  absl::StatusOr<HeldOutPredictions> PredictHeldOut(const HeldOutSplit& split,
                                                    const std::vector<Damping>& dampings,
                                                    CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    HeldOutSplit moved = split;
    for (at::Tensor* numbers : {&moved.fitted, &moved.held_out, &moved.tests}) {
      *numbers = MovedTo(*numbers, device_);
    }
    const auto predictions = fitted_->PredictHeldOut(moved, dampings, ledger);
    if (!predictions.ok()) return predictions.status();
    return HeldOutPredictions{MovedTo(predictions->test, at::kCPU),
                              MovedTo(predictions->held_out, at::kCPU)};
  }

  absl::StatusOr<std::unique_ptr<TrainingTargetScorer>> ScoreTrainingTargets(
      const at::Tensor& subsets, CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    auto scorer = fitted_->ScoreTrainingTargets(MovedTo(subsets, device_), ledger);
    if (!scorer.ok()) return scorer.status();
    return std::unique_ptr<TrainingTargetScorer>(new TargetsOnDevice(*std::move(scorer), device_));
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    return fitted_->AbsoluteDampingOf(damping);
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    const DeviceTime time(device_, ledger);
    const absl::StatusOr<SpectralMoments> moments = fitted_->Moments(dampings, ledger);
    if (!moments.ok()) return moments.status();
    return SpectralMoments{MovedTo(moments->t1, at::kCPU), MovedTo(moments->t2, at::kCPU),
                           MovedTo(moments->t3, at::kCPU)};
  }

  std::string MomentsOf() const override { return fitted_->MomentsOf(); }

 private:
  const std::unique_ptr<FittedAttribution> fitted_;
  const at::Device device_;
};

}  // namespace

DeviceTime::DeviceTime(const at::Device& device, CostLedger& ledger)
    : device_(device), ledger_(ledger) {
  if (!device_.is_cpu()) start_ = WallSeconds();
}

DeviceTime::~DeviceTime() {
  if (device_.is_cpu()) return;
  Synchronise(device_);
  Cost cost;
  cost.device_seconds = WallSeconds() - start_;
  ledger_.Charge(cost);
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitOnDevice(
    AttributionMethod& method, const AttributionTask& task, const Hyperparameters& hyperparameters,
    CostLedger& ledger) {
  if (task.device.is_cpu()) return method.Fit(task, hyperparameters, ledger);
  const DeviceTime time(task.device, ledger);
  auto fitted = method.Fit(TaskOnDevice(task), hyperparameters, ledger);
  if (!fitted.ok()) return fitted.status();
  if (*fitted == nullptr) return std::unique_ptr<FittedAttribution>();
  return std::unique_ptr<FittedAttribution>(new FittedOnDevice(*std::move(fitted), task.device));
}

}  // namespace attribench
