// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_TUNER_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_TUNER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {

// The damping of the grid with the highest LDS of an ensemble of half-data models, each predicted
// by the others, with the training examples as targets: see out_of_bag.h. With 0 models, it is the
// ensemble that the method reads, and nothing is trained. Otherwise that many models are trained
// for the purpose, and paid for as grid search pays.
class OutOfBagTuner : public Tuner {
 public:
  explicit OutOfBagTuner(int64_t num_models) : num_models_(num_models) {}
  TunerKind kind() const override;
  // With 0 models: to methods that read two or more half-data models. Else to the other methods
  // that read models at the end of their training.
  bool AppliesTo(const MethodVariant& method) const override;
  absl::StatusOr<TunedPoint> Tune(TuningProblem& problem) const override;

 private:
  int64_t num_models_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_TUNER_H_
