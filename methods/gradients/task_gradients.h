// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_TASK_GRADIENTS_H_
#define ATTRIBENCH_METHODS_GRADIENTS_TASK_GRADIENTS_H_

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/gradients/example_gradients.h"

namespace attribench {

// The gradients of a task's training and test examples at a checkpoint, within the task's memory
// limit: see ExampleGradients. Test gradients get memory first, up to four fifths of the limit,
// because training gradients need to be computed only once if all test gradients are kept. Keeps
// references to the task's model and to `parameters`. Errors are those of ComputeGradientFactors.
struct TaskGradients {
  ExampleGradients train, test;

  static absl::StatusOr<TaskGradients> Make(const AttributionTask& task,
                                            const Parameters& parameters, GradientTarget target,
                                            CostLedger& ledger) {
    const double bytes = task.all_gradient_bytes();
    auto test =
        ExampleGradients::Make(*task.model, parameters, task.test, target, bytes * 4 / 5, ledger);
    if (!test.ok()) return test.status();
    const double left = bytes - test->rows() * GradientBytes(*task.model, parameters);
    auto train = ExampleGradients::Make(*task.model, parameters, task.train, target, left, ledger);
    if (!train.ok()) return train.status();
    return TaskGradients{*std::move(train), *std::move(test)};
  }
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_TASK_GRADIENTS_H_
