// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/tuners/damping_sweep.h"
#include "methods/attribution_method.h"

namespace attribench {

// All that a tuner may see: the tuning block, through calls that charge what each look costs to the
// phase "tuning".
class TuningProblem {
 public:
  // `retraining` is the cost of retraining one subset. Keeps references to its arguments.
  TuningProblem(const Hyperparameters& hyperparameters, DampingSweep& sweep,
                const GroundTruth& truth, const EvaluationBlock& block, Cost retraining,
                CostLedger& ledger);

  // Where the method starts from, and the grid its file declares.
  const Hyperparameters& hyperparameters() const { return hyperparameters_; }

  // Subsets that can be retrained for tuning.
  int64_t num_subsets() const { return static_cast<int64_t>(block_.subsets.size()); }

  // Mean LDS over the tuning tests against the first `num_subsets` retrained subsets, one seed
  // each. Charges those retrainings (once) and the sums of scores (once per damping).
  // InvalidArgument where more subsets are asked for than there are.
  absl::StatusOr<double> Lds(const Damping& damping, int64_t num_subsets);

  // Moments of the tuning tests, [dampings, tuning tests]. Retrains nothing.
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings);
  // Whose they are, where that is not the matrix which the method inverts; else empty.
  std::string MomentsOf() const { return sweep_.fitted().MomentsOf(); }

 private:
  const Hyperparameters& hyperparameters_;
  DampingSweep& sweep_;
  const GroundTruth& truth_;
  const EvaluationBlock& block_;
  Cost retraining_;
  CostLedger& ledger_;
  int64_t retrained_ = 0;
  std::set<Damping> scored_;
};

// One point of the curve by which a tuner chose: "the mean indicator at this damping".
struct CriterionPoint {
  Damping damping;
  double value = 0;
};

struct TunedPoint {
  Damping damping;
  std::string message;  // what a reader should know of this choice; may be empty
  // The tuner's criterion over the dampings that it looked at, ascending; empty where it has none.
  std::vector<CriterionPoint> criterion;
};

// How a tuner comes to its choice. Reports compare selectors with searches.
enum class TunerKind {
  kFixedValue,  // a constant: it looks at nothing
  kSearch,      // the best LDS on retrained models
  kSelector,    // a criterion that needs no retrained subsets
};

// Chooses a damping.
class Tuner {
 public:
  virtual ~Tuner() = default;
  virtual TunerKind kind() const = 0;
  // Unimplemented where the method lacks what the tuner needs.
  virtual absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const = 0;
};

struct RegisteredTuner {
  std::string name;
  const Tuner* tuner;
};

// Every tuner that is linked into the program, by name. InvalidArgument for a name that two have.
absl::StatusOr<std::vector<RegisteredTuner>> RegisteredTuners();
// Called before main by a tuner's .cc.
bool RegisterTuner(std::string name, std::unique_ptr<Tuner> tuner);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_TUNER_H_
