// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/gradient_factors.h"

#include <algorithm>
#include <limits>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "torch/csrc/autograd/autograd.h"

namespace attribench {
namespace {

// The gradient of the target at the logits [n, classes], float64, and 1 - p_y.
struct LogitGradient {
  at::Tensor gradient;
  at::Tensor gap;
};

LogitGradient GradientAtLogits(const at::Tensor& logits, const at::Tensor& labels,
                               GradientTarget target) {
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor z = logits.to(at::kDouble);
  at::Tensor gradient;
  at::Tensor others = at::softmax(z, 1).scatter(1, index, 0);
  const at::Tensor gap = others.sum(1);
  if (target == GradientTarget::kLoss) {
    gradient = others.scatter(1, index, -gap.unsqueeze(1));
  } else {
    others = at::softmax(z.scatter(1, index, -std::numeric_limits<double>::infinity()), 1);
    gradient = (-others).scatter(1, index, 1);
  }
  return {gradient, gap};
}

}  // namespace

int64_t GradientFactors::num_parameters() const {
  int64_t count = 0;
  for (const LayerFactors& layer : layers) count += layer.inputs.size(1) * layer.deltas.size(1);
  return count;
}

absl::StatusOr<GradientFactors> ComputeGradientFactors(const Model& model,
                                                       const Parameters& parameters,
                                                       const Dataset& dataset,
                                                       GradientTarget target, CostLedger& ledger) {
  Parameters weights = parameters;
  for (Parameter& weight : weights) weight.value = weight.value.detach().requires_grad_(true);
  std::vector<LayerTrace> trace;
  at::Tensor logits;
  {
    c10::AutoGradMode gradients_on(true);
    logits = model.Logits(weights, dataset.inputs.to(weights.front().value.scalar_type()), nullptr,
                          &trace);
  }
  const LogitGradient at_logits = GradientAtLogits(logits.detach(), dataset.labels, target);
  std::vector<at::Tensor> outputs;
  for (const LayerTrace& layer : trace) outputs.push_back(layer.output);
  const std::vector<at::Tensor> deltas =
      torch::autograd::grad({logits}, outputs, {at_logits.gradient.to(logits.scalar_type())});

  GradientFactors factors;
  factors.label_probability_gap = at_logits.gap;
  const int64_t n = dataset.size();
  for (size_t l = 0; l < trace.size(); ++l) {
    const at::Tensor input = trace[l].input.detach();
    factors.layers.push_back(
        {at::cat({input, at::ones({n, 1}, input.options())}, 1), deltas[l].detach()});
    if (!at::isfinite(factors.layers[l].inputs).all().item<bool>() ||
        !at::isfinite(deltas[l]).all().item<bool>()) {
      return absl::DataLossError(
          absl::StrCat("gradients of layer ", model.layers()[l].name,
                       " are not finite: check the checkpoint and the inputs"));
    }
  }
  Cost cost;
  cost.gradient_evaluations = static_cast<double>(n);
  cost.flops = 2 * model.ForwardFlops() * n;  // forward, and backward to the layers' outputs
  ledger.Charge(cost);
  return factors;
}

at::Tensor InnerProducts(const GradientFactors& a, const GradientFactors& b, CostLedger& ledger) {
  constexpr int64_t kRows = 512;  // of a at a time: what is in flight stays in the last-level cache
  const int64_t n = a.num_examples(), m = b.num_examples();
  at::Tensor result = at::empty({n, m}, a.layers.front().inputs.options());
  Cost cost;
  for (int64_t begin = 0; begin < n; begin += kRows) {
    const int64_t end = std::min(n, begin + kRows);
    at::Tensor block = result.slice(0, begin, end);
    for (size_t l = 0; l < a.layers.size(); ++l) {
      const at::Tensor products =
          at::matmul(a.layers[l].inputs.slice(0, begin, end), b.layers[l].inputs.t())
              .mul_(at::matmul(a.layers[l].deltas.slice(0, begin, end), b.layers[l].deltas.t()));
      if (l == 0) {
        block.copy_(products);
      } else {
        block.add_(products);
      }
    }
  }
  for (const LayerFactors& layer : a.layers) {
    cost.flops += 2.0 * n * m * (layer.inputs.size(1) + layer.deltas.size(1) + 1);
  }
  ledger.Charge(cost);
  return result;
}

at::Tensor SquaredNorms(const GradientFactors& factors) {
  at::Tensor norms = at::zeros({factors.num_examples()}, factors.layers.front().inputs.options());
  for (const LayerFactors& layer : factors.layers) {
    norms.add_(layer.inputs.square().sum(1).mul_(layer.deltas.square().sum(1)));
  }
  return norms;
}

at::Tensor ExplicitGradients(const GradientFactors& factors) {
  std::vector<at::Tensor> blocks;
  for (const LayerFactors& layer : factors.layers) {
    blocks.push_back(layer.deltas.unsqueeze(2).mul(layer.inputs.unsqueeze(1)).flatten(1));
  }
  return at::cat(blocks, 1);
}

}  // namespace attribench
