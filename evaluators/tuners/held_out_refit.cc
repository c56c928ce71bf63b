// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/held_out_refit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/models/model.h"
#include "methods/device.h"
#include "methods/fit_on_device.h"
#include "methods/gradients/example_gradients.h"

namespace attribench {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

GradientTarget TargetOf(const MethodFacts& facts) {
  return facts.output() == MethodFacts::MARGIN ? GradientTarget::kMargin : GradientTarget::kLoss;
}

// Every example with every label: row i C + y has example i and label y.
Dataset WithEveryLabel(const Dataset& examples, int64_t classes) {
  return {examples.inputs.repeat_interleave(classes, 0),
          at::arange(classes, at::kLong).repeat({examples.size()})};
}

Dataset Joined(const Dataset& a, const Dataset& b) {
  return {at::cat({a.inputs, b.inputs}), at::cat({a.labels, b.labels})};
}

// Squared norms of the examples' gradients, [n] float64.
absl::StatusOr<at::Tensor> NormsOf(const HeldOutRefit& refit, const Dataset& examples,
                                   CostLedger& ledger) {
  const at::Device& device = refit.task.device;
  const DeviceTime time(device, ledger);
  const Parameters checkpoint = OnDevice(refit.checkpoint, device);
  const auto gradients =
      ExampleGradients::Make(*refit.task.model, checkpoint, OnDevice(examples, device),
                             TargetOf(refit.facts), refit.task.gradient_bytes(), ledger);
  if (!gradients.ok()) return gradients.status();
  const auto squares = SquaredNorms(*gradients, 0, ledger);
  if (!squares.ok()) return squares.status();
  return squares->to(at::kCPU, at::kDouble);
}

// The model's probabilities, [n, classes] float64.
at::Tensor ProbabilitiesOf(const HeldOutRefit& refit, const Dataset& examples, CostLedger& ledger) {
  Cost cost;
  cost.flops = static_cast<double>(examples.size()) * refit.task.model->ForwardFlops();
  ledger.Charge(cost);
  const at::Device& device = refit.task.device;
  const DeviceTime time(device, ledger);
  const Parameters checkpoint = OnDevice(refit.checkpoint, device);
  const at::Tensor logits = EvaluateLogits(*refit.task.model, checkpoint,
                                           examples.inputs.to(checkpoint.front().value.options()));
  return at::softmax(logits.to(at::kCPU, at::kDouble), 1);
}

at::Tensor InverseOrZero(const at::Tensor& values) {
  return at::where(values.gt(0), values.reciprocal(), at::zeros_like(values));
}

// 1 / E|g_i|^2 over the labels, [n]: squared norms [n * classes], probabilities [n, classes].
at::Tensor InverseExpected(const at::Tensor& squares, const at::Tensor& probabilities) {
  return InverseOrZero(squares.view_as(probabilities).mul(probabilities).sum(1));
}

}  // namespace

absl::StatusOr<HeldOutPredictions> PredictHeldOutByRefit(const HeldOutRefit& refit,
                                                         const HeldOutSplit& split,
                                                         const std::vector<Damping>& dampings,
                                                         CostLedger& ledger) {
  const MethodFacts::HeldOut& how = refit.facts.held_out();
  const bool model_labels = how.labels() == MethodFacts::HeldOut::MODEL;
  const int64_t classes = model_labels ? refit.task.model->num_classes() : 1;
  const Dataset fitted_examples = refit.task.train.Rows(split.fitted);
  const Dataset held = refit.task.train.Rows(split.held_out);
  const auto labelled = [&](const Dataset& examples) {
    return model_labels ? WithEveryLabel(examples, classes) : examples;
  };
  // The probability of each example's label, [n, classes].
  const auto probabilities = [&](const Dataset& examples) {
    return model_labels ? ProbabilitiesOf(refit, examples, ledger)
                        : at::ones({examples.size(), 1}, at::kDouble);
  };

  CurvatureExamples curvature{fitted_examples, {}};
  double mean_weight = 1;
  if (!how.plain()) {
    const auto squares = NormsOf(refit, labelled(fitted_examples), ledger);
    if (!squares.ok()) return squares.status();
    curvature.weights = InverseExpected(*squares, probabilities(fitted_examples));
    mean_weight = curvature.weights.mean().item<double>();
    if (!(mean_weight > 0)) {
      return absl::FailedPreconditionError("all gradients of the fitted examples are 0");
    }
  }

  AttributionTask task = refit.task;
  task.own_curvature_examples = std::move(curvature);
  task.train = Joined(labelled(held), task.test);
  const auto squares = NormsOf(refit, task.train, ledger);
  if (!squares.ok()) return squares.status();
  const int64_t num_held = held.size() * classes;
  const at::Tensor of_test = InverseOrZero(squares->slice(0, num_held)).sqrt();
  const at::Tensor of_labels = probabilities(held);  // [held, classes]
  at::Tensor weights = of_labels.div(static_cast<double>(held.size()));
  if (!how.plain()) {
    weights = weights.mul(InverseExpected(squares->slice(0, 0, num_held), of_labels).unsqueeze(1));
  }
  const at::Tensor scale = weights.sqrt().view({-1, 1});

  const auto fitted = refit.fit(task);
  if (!fitted.ok()) return fitted.status();
  std::vector<at::Tensor> of_tests, of_held_out;
  for (const Damping& damping : dampings) {
    const absl::StatusOr<at::Tensor> scores = (*fitted)->Scores(damping, ledger);
    if (!scores.ok()) {
      of_tests.push_back(at::full({task.test.size()}, kNoValue, at::kDouble));
      of_held_out.push_back(at::full({num_held, task.test.size()}, kNoValue, at::kDouble));
      continue;
    }
    // The weights have a mean of 1 in the fit, so its inverse is mean_weight times too large.
    const at::Tensor x = scores->to(at::kDouble).div_(mean_weight).mul_(of_test);
    of_tests.push_back(x.slice(0, num_held).diagonal().mul(of_test));
    of_held_out.push_back(x.slice(0, 0, num_held).mul(scale));
  }
  return HeldOutPredictions{at::stack(of_tests), at::stack(of_held_out)};
}

}  // namespace attribench
