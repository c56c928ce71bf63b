// SPDX-License-Identifier: Apache-2.0
//
// The K-FAC literature's rule of thumb: 0.1 x the mean eigenvalue of the damped matrix (Grosse et
// al., Studying large language model generalization with influence functions, 2023, section 2.2).
#include "evaluators/tuners/tuner.h"

namespace attribench {
namespace {

class MeanEigenvalue : public Tuner {
 public:
  TunerKind kind() const override { return TunerKind::kFixedValue; }

  absl::StatusOr<TunedPoint> Tune(TuningProblem&) const override {
    return TunedPoint{{0.1, RELATIVE_TO_MEAN_EIGENVALUE}, "", {}};
  }
};

[[maybe_unused]] const bool registered =
    RegisterTuner("mean_eigenvalue", std::make_unique<MeanEigenvalue>());

}  // namespace
}  // namespace attribench
