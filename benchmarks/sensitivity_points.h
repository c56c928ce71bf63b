// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_SENSITIVITY_POINTS_H_
#define ATTRIBENCH_BENCHMARKS_SENSITIVITY_POINTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/sensitivity.pb.h"
#include "methods/registry.h"

namespace attribench {

// A run of a sensitivity study.
struct PlannedPoint {
  std::string hyperparameter;  // what is changed; empty: nothing
  std::string value;
  MethodVariant variant;  // its name is the method's
};

// The method with all defaults, then each value in the grid of each hyperparameter except the
// damping, which every run varies anyway. A default value is not planned again. In the order of the
// method's file.
absl::StatusOr<std::vector<PlannedPoint>> PlanSensitivity(const RegisteredMethod& method);

// What a study keeps of a result.
SensitivityPoint ToSensitivityPoint(const PlannedPoint& planned, const MethodResult& result);

// The recorded point that can stand for one that a run would make now: the same change, program,
// files and hyperparameters, and the same tuners. Null if there is none.
const SensitivityPoint* FindPoint(const MethodSensitivity& recorded, const SensitivityPoint& now);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_SENSITIVITY_POINTS_H_
