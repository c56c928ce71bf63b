// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/fisher_spectrum.h"

#include <utility>

#include "ATen/ATen.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/task_gradients.h"

namespace attribench {
namespace {

absl::StatusOr<DampedSpectrum> OfTrainingExamples(const AttributionTask& task,
                                                  const Parameters& parameters,
                                                  GradientTarget target, CostLedger& ledger) {
  const auto gradients = ExampleGradients::Make(*task.model, parameters, task.AllExamples(), target,
                                                task.all_gradient_bytes(), ledger);
  if (!gradients.ok()) return gradients.status();
  const int64_t n = task.train.size();
  const auto gram = GramMatrix(*gradients, n, ledger);  // [n, all]
  if (!gram.ok()) return gram.status();
  auto test_squares = SquaredNorms(*gradients, n, ledger);
  if (!test_squares.ok()) return test_squares.status();
  TrainingKernel kernel;
  kernel.kernel = gram->slice(1, 0, n).div(static_cast<double>(n));
  kernel.cross = gram->slice(1, n).clone();
  kernel.test_squares = *std::move(test_squares);
  kernel.dimension = static_cast<double>(gradients->num_parameters());
  kernel.one_damping = task.one_damping;
  return KernelSpectrum(kernel, ledger);
}

absl::StatusOr<DampedSpectrum> OfOtherExamples(const AttributionTask& task,
                                               const Parameters& parameters, GradientTarget target,
                                               CostLedger& ledger) {
  const CurvatureExamples examples = task.curvature_examples();
  const auto m = static_cast<double>(examples.size());
  // The memory is shared out by the number of examples.
  const double share = m / (m + static_cast<double>(task.train.size() + task.test.size()));
  const auto curvature = ExampleGradients::Make(*task.model, parameters, examples.examples, target,
                                                task.all_gradient_bytes() * share, ledger);
  if (!curvature.ok()) return curvature.status();
  AttributionTask scored_task = task;
  scored_task.memory_limit *= 1 - share;
  const auto scored = TaskGradients::Make(scored_task, parameters, target, ledger);
  if (!scored.ok()) return scored.status();
  auto products = GramMatrix(*curvature, examples.size(), ledger);
  auto with_train = InnerProducts(*curvature, scored->train, ledger);
  auto with_test = InnerProducts(*curvature, scored->test, ledger);
  auto train_test = InnerProducts(scored->train, scored->test, ledger);
  for (const auto* of_pair : {&products, &with_train, &with_test, &train_test}) {
    if (!of_pair->ok()) return of_pair->status();
  }
  CurvatureKernel kernel;
  kernel.kernel = *std::move(products);
  kernel.with_train = *std::move(with_train);
  kernel.with_test = *std::move(with_test);
  kernel.train_test = *std::move(train_test);
  kernel.weights = examples.MeanOneWeights();
  kernel.dimension = static_cast<double>(curvature->num_parameters());
  kernel.one_damping = task.one_damping;
  return KernelSpectrum(kernel, ledger);
}

}  // namespace

absl::StatusOr<DampedSpectrum> FisherSpectrum(const AttributionTask& task,
                                              const Parameters& parameters, CostLedger& ledger,
                                              GradientTarget target) {
  return task.own_curvature_examples.has_value()
             ? OfOtherExamples(task, parameters, target, ledger)
             : OfTrainingExamples(task, parameters, target, ledger);
}

}  // namespace attribench
