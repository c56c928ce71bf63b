// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_LIVE_TUNING_PROBLEM_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_LIVE_TUNING_PROBLEM_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/tuners/damping_sweep.h"
#include "evaluators/tuners/tuning_problem.h"
#include "methods/attribution_method.h"
#include "methods/hyperparameters.pb.h"

namespace attribench {

// Curves that several tuners ask for, computed once and kept with their costs, so that each tuner
// is charged as if it were alone.
struct TuningCurve {
  at::Tensor values;  // [dampings] or [dampings, tuning tests] float64
  Cost cost;          // without that of preparing many dampings
  bool looked_at_dampings = false;
};
// By "held_out 0.125", "out_of_bag 3", "one_retraining"; the dampings are those of the first call.
struct TuningCurves {
  struct Key {
    std::string name;
    std::vector<Damping> dampings;
    bool operator<(const Key& other) const {
      return name != other.name ? name < other.name : dampings < other.dampings;
    }
  };
  std::map<Key, absl::StatusOr<TuningCurve>> curves;
  // What the method says of the training examples, fitted to one half-data model.
  struct Member {
    at::Tensor targets;                   // numbers of training examples, int64
    std::vector<at::Tensor> predictions;  // [halves, targets], one a damping; may be undefined
    Cost cost;
  };
  using MemberKey = std::pair<CheckpointId, std::vector<Damping>>;
  std::map<MemberKey, absl::StatusOr<Member>> members;
};

// What a tuning problem is made of. The references must outlive the problem.
struct TuningSources {
  const Hyperparameters& hyperparameters;
  DampingSweep& sweep;
  const GroundTruth& truth;
  const EvaluationBlock& block;
  Cost retraining;  // of one subset
  // For tuners that fit the method again or look at its checkpoints: the task that `sweep` was
  // fitted to, the method's Fit, and the checkpoints that it read then.
  const AttributionTask* task = nullptr;
  std::function<absl::StatusOr<std::unique_ptr<FittedAttribution>>(
      const AttributionTask&, const Hyperparameters&, CostLedger&)>
      fit;
  std::vector<CheckpointId> checkpoints_read;
  MethodFacts facts;
  TuningCurves* curves = nullptr;  // shared by the problems of one method; null: not shared
};

// A tuning problem that asks a method, its checkpoints and retrained subsets.
class LiveTuningProblem : public TuningProblem {
 public:
  // Keeps a reference to `ledger`.
  LiveTuningProblem(TuningSources sources, CostLedger& ledger);

  const Hyperparameters& hyperparameters() const override { return sources_.hyperparameters; }
  int64_t num_subsets() const override {
    return static_cast<int64_t>(sources_.block.subsets.size());
  }
  double training_time() const override {
    return sources_.task != nullptr ? sources_.task->training_time : 0;
  }
  absl::StatusOr<double> Lds(const Damping& damping, int64_t num_subsets) override;
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings) override;
  std::string MomentsOf() const override { return sources_.sweep.fitted().MomentsOf(); }
  absl::StatusOr<at::Tensor> HeldOut(const std::vector<Damping>& dampings,
                                     double fraction) override;
  absl::StatusOr<std::vector<double>> OutOfBag(const std::vector<Damping>& dampings,
                                               int64_t num_models) override;
  absl::StatusOr<std::vector<double>> OneRetraining(const std::vector<Damping>& dampings) override;
  absl::StatusOr<at::Tensor> SubsetScores(const std::vector<Damping>& dampings,
                                          const at::Tensor& subsets) override;
  absl::StatusOr<AttributionTask> Task() const override;
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task) override;
  absl::StatusOr<std::vector<CheckpointOutputs>> Checkpoints() override;
  CostLedger& ledger() override { return ledger_; }

  // Whether a call looked at the method at several dampings. The first such call charges what the
  // method needs for that.
  bool looked_at_dampings() const { return looked_at_dampings_; }

 private:
  using Curve = absl::StatusOr<at::Tensor>;

  DampingSweep& LookAtDampings();
  absl::StatusOr<CheckpointOutputs> OutputsOf(const CheckpointId& id, const AttributionTask& task);
  absl::StatusOr<std::unique_ptr<FittedAttribution>> FitWith(const AttributionTask& task,
                                                             const Hyperparameters& values);
  // The method fitted to one checkpoint in place of those that it reads.
  absl::StatusOr<std::unique_ptr<FittedAttribution>> FitOneCheckpoint(AttributionTask task,
                                                                      const CheckpointId& id);
  // The curve by that name, from the store if it is there. Charges its cost.
  Curve CurveOf(const std::string& name, const std::vector<Damping>& dampings,
                const std::function<Curve(LiveTuningProblem&)>& compute);
  Curve ComputeHeldOut(const std::vector<Damping>& dampings, double fraction);
  // J of an attribution with features of its own, [dampings, tests]; Unimplemented for others. Of
  // an ensemble of models, each draw looks at two, so that their mean can be judged. `tests`: the
  // numbers of the test examples; undefined: all.
  Curve HeldOutOf(FittedAttribution& fitted, int64_t num_models, const at::Tensor& tests,
                  const std::vector<Damping>& dampings, double fraction);
  Curve AgreementWithReference(const std::vector<Damping>& dampings, double fraction);
  // Sums of scores [all subsets, all tests]. Charges the preparation and each damping once.
  absl::StatusOr<at::Tensor> SumsAt(const Damping& damping);
  Curve ComputeOutOfBag(const std::vector<Damping>& dampings, int64_t num_models);
  Curve ComputeOneRetraining(const std::vector<Damping>& dampings);
  // The method fitted to one half-data model, from the store if it is there. Charges its cost.
  // halves [h, train] bool: the examples of the half-data models 0, 1, ..., h - 1.
  absl::StatusOr<TuningCurves::Member> MemberOf(const CheckpointId& id,
                                                const std::vector<Damping>& dampings,
                                                const at::Tensor& halves);
  // Sums with training examples as targets, one a damping.
  struct TargetSums;
  // By the method as it is; or, with `member`, fitted to that checkpoint alone.
  absl::StatusOr<TargetSums> SumsForTargets(const CheckpointId* member,
                                            const std::vector<Damping>& dampings,
                                            const at::Tensor& subsets);

  TuningSources sources_;
  CostLedger& ledger_;
  bool looked_at_dampings_ = false;
  int64_t retrained_ = 0;
  std::set<Damping> scored_;
  // Checkpoints with a training that is charged already. Shared with the tasks that Task() gives.
  std::shared_ptr<std::set<CheckpointId>> trained_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_LIVE_TUNING_PROBLEM_H_
