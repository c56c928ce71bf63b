// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_REQUIREMENTS_H_
#define ATTRIBENCH_METHODS_REQUIREMENTS_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "datasets/models/model.h"
#include "methods/attribution_method.h"
#include "methods/hyperparameters.h"
#include "methods/registry.h"

namespace attribench {

// Whether a method can run, by the facts of its hyperparameter file and without computing anything.
// num_checkpoints gives the number of checkpoints of a kind, num_parameters that of the model.
//
// Unimplemented if the method is not made for the model's layers or writes out a matrix that is too
// large, OutOfRange if there are too few checkpoints. The message has the need and what there is.
absl::Status CheckRequirements(const MethodVariant& variant, const Model& model,
                               int64_t num_parameters,
                               const std::function<int64_t(CheckpointKind)>& num_checkpoints);

// The kind of checkpoint that a method with these hyperparameters reads. FailedPrecondition if it
// reads none.
absl::StatusOr<CheckpointKind> CheckpointKindOf(const MethodFacts& facts,
                                                const Hyperparameters& hyperparameters);

// The number of checkpoints that it reads.
int64_t NumCheckpointsRead(const MethodFacts& facts, const Hyperparameters& hyperparameters);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_REQUIREMENTS_H_
