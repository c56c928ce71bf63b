// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_MADE_UP_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_MADE_UP_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/replay/tuning_recorder.h"
#include "evaluators/tuners/live_tuning_problem.h"
#include "evaluators/tuners/made_up_attribution.h"
#include "google/protobuf/text_format.h"

namespace attribench {

// For tests: a MadeUpAttribution with its ground truth, and what a live tuning problem of it needs.
// Its grid is 0, 0.01, 0.1, ... 1000.
class RecordedMadeUp {
 public:
  explicit RecordedMadeUp(std::string name = "made_up") : name_(std::move(name)) {
    truth_.subsets = Normal(kSubsets, kTrain, 1).gt(0);
    const at::Tensor signal = at::matmul(truth_.subsets.to(at::kDouble), scores_);
    truth_.negative_loss =
        at::stack(
            {signal.add(Normal(kSubsets, kTests, 3)), signal.add(Normal(kSubsets, kTests, 4))}, 1)
            .to(at::kFloat);
    truth_.margin = truth_.negative_loss;
    HyperparameterSpace space;
    (void)google::protobuf::TextFormat::ParseFromString(
        "hyperparameters { name: 'damping' kind: DAMPING default_value: '0.1' "
        "damping_unit: RELATIVE_TO_MEAN_EIGENVALUE grid: '0' grid: '0.01' grid: '0.1' grid: '1' "
        "grid: '10' grid: '100' grid: '1000' }",
        &space);
    hyperparameters_ = *Hyperparameters::Make(space, {});
    fitted_.preparation_flops = 9000;
    retraining_.retrainings = 1;
    retraining_.flops = 1e6;
    retraining_.cpu_seconds = 2;
  }

  MadeUpAttribution& fitted() { return fitted_; }
  const GroundTruth& truth() const { return truth_; }
  const EvaluationBlocks& blocks() const { return blocks_; }

  // Of the attribution as it is at the first call.
  TuningSources Sources() {
    if (sweep_ == nullptr) {
      sweep_ = std::make_unique<DampingSweep>(*DampingSweep::Make(fitted_, truth_.subsets));
    }
    return {hyperparameters_, *sweep_, truth_, blocks_.tuning, retraining_, nullptr,
            nullptr,          {},      {},     &curves_};
  }

  SettingRecord Record() {
    SettingRecord record;
    record.name = "made_up_setting";
    record.num_subsets = kSubsets;
    record.num_tests = kTests;
    record.digests = {{"data digest", "0123"}, {"zoo recipe digest", "4567"}};
    record.methods[name_] = RecordTuning(name_, Sources(), blocks_, correction_);
    record.methods[name_].provenance = {{"date", "2026-11-27T09:30:00Z"}};
    return record;
  }

 private:
  const std::string name_;
  const at::Tensor scores_ = Normal(kTrain, kTests, 2);
  GroundTruth truth_;
  EvaluationBlocks blocks_ = SplitIntoBlocks(kSubsets, kTests);
  Hyperparameters hyperparameters_;
  MadeUpAttribution fitted_{scores_};
  std::unique_ptr<DampingSweep> sweep_;
  TuningCurves curves_;
  Cost retraining_;
  const Cost correction_ = {0, 0, 0, -50, -.001, -.001};
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_MADE_UP_H_
