// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/fisher_spectrum.h"

#include <utility>

#include "ATen/ATen.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/task_gradients.h"

namespace attribench {

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger,
                                              GradientTarget target) {
  const bool own = task.own_curvature_examples.has_value();
  const int64_t m = task.curvature_rows().size();
  const auto gradients = ExampleGradients::Make(*task.model, parameters, task.AllExamples(), target,
                                                task.all_gradient_bytes(), ledger);
  if (!gradients.ok()) return gradients.status();
  const auto gram = GramMatrix(*gradients, m, ledger);  // [m, all]
  if (!gram.ok()) return gram.status();
  const auto columns = [&](const ExampleRows& rows) {
    return gram->slice(1, rows.begin, rows.end);
  };
  const auto p = static_cast<double>(gradients->num_parameters());
  if (!own) {
    return KernelSpectrum(columns(task.train_rows()).div(static_cast<double>(m)),
                          columns(task.test_rows()), p, ledger);
  }
  const auto scored = TaskGradients::Make(task, parameters, target, ledger);
  if (!scored.ok()) return scored.status();
  auto train_test = InnerProducts(scored->train, scored->test, ledger);
  if (!train_test.ok()) return train_test.status();
  CurvatureKernel kernel;
  kernel.kernel = columns(task.curvature_rows());
  kernel.with_train = columns(task.train_rows());
  kernel.with_test = columns(task.test_rows());
  kernel.train_test = *std::move(train_test);
  kernel.weights = task.curvature_examples().MeanOneWeights();
  kernel.dimension = p;
  return KernelSpectrum(kernel, ledger);
}

}  // namespace attribench
