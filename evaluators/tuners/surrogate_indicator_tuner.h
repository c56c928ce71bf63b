// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_TUNER_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_TUNER_H_

#include "absl/status/statusor.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {

// A selector that retrains nothing: the damping at which the mean surrogate indicator over the
// tuning tests is `level`. It may lie between the grid's points. Points of the grid at which the
// indicator has no value are left out and named.
class SurrogateIndicatorTuner : public Tuner {
 public:
  explicit SurrogateIndicatorTuner(double level) : level_(level) {}
  TunerKind kind() const override { return TunerKind::kSelector; }
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override;

 private:
  double level_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_SURROGATE_INDICATOR_TUNER_H_
