// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/curvature.h"

#include <algorithm>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

// Examples per block, so that a tensor [examples, r, widest layer] of float32 takes about 32 MiB.
int64_t BlockRows(int64_t vectors, int64_t widest) {
  return std::max<int64_t>(16, (int64_t{1} << 23) / (vectors * widest));
}

}  // namespace

absl::StatusOr<Curvature> Curvature::Make(const Model& model, const Parameters& parameters,
                                          const CurvatureExamples& examples, CurvatureKind kind) {
  const Dataset& dataset = examples.examples;
  const auto refusal = [&] {
    return absl::UnimplementedError(
        absl::StrCat("products with the curvature need a chain of linear layers with ReLU "
                     "between them; ",
                     model.Description(), " is not such a model"));
  };
  for (const Layer& layer : model.layers()) {
    if (layer.kind != LayerKind::kLinear || !layer.has_bias) return refusal();
  }
  Curvature curvature;
  curvature.kind_ = kind;
  std::vector<LayerTrace> trace;
  const at::Tensor logits = model.Logits(
      parameters, dataset.inputs.to(parameters.front().value.scalar_type()), nullptr, &trace);
  if (!at::isfinite(logits).all().item<bool>()) {
    return absl::DataLossError("logits are not finite: check the checkpoint and the inputs");
  }
  for (size_t l = 0; l < trace.size(); ++l) {
    const at::Tensor& input = trace[l].input;
    if (parameters.size() != 2 * trace.size() ||
        (l > 0 && !input.equal(trace[l - 1].output.relu()))) {
      return refusal();
    }
    curvature.weights_.push_back(parameters[2 * l].value);
    curvature.inputs_.push_back(at::cat({input, at::ones({input.size(0), 1}, input.options())}, 1));
    if (l + 1 < trace.size())
      curvature.masks_.push_back(trace[l].output.gt(0).to(input.scalar_type()));
  }
  curvature.probabilities_ = at::softmax(logits, 1);
  at::Tensor delta = curvature.probabilities_.sub(
      at::one_hot(dataset.labels, model.num_classes()).to(logits.scalar_type()));
  if (examples.weights.defined()) {
    curvature.example_weights_ = examples.MeanOneWeights().to(delta.scalar_type()).unsqueeze(1);
    delta.mul_(curvature.example_weights_);
  }
  curvature.deltas_.resize(trace.size());
  for (size_t l = trace.size(); l-- > 0;) {
    curvature.deltas_[l] = delta;
    if (l > 0) delta = at::matmul(delta, curvature.weights_[l]).mul(curvature.masks_[l - 1]);
  }
  return curvature;
}

Curvature Curvature::Batch(const at::Tensor& rows) const {
  Curvature batch = *this;
  batch.share_ = share_ * static_cast<double>(rows.size(0)) / num_examples();
  const at::Tensor index = rows.to(probabilities_.device());
  for (auto* group : {&batch.inputs_, &batch.masks_, &batch.deltas_}) {
    for (at::Tensor& tensor : *group) tensor = tensor.index_select(0, index);
  }
  batch.probabilities_ = probabilities_.index_select(0, index);
  if (example_weights_.defined()) {
    batch.example_weights_ = example_weights_.index_select(0, index);
  }
  return batch;
}

Curvature::Derivatives Curvature::Forward(const ParameterVectors& vectors, int64_t begin,
                                          int64_t end) const {
  const size_t layers = weights_.size();
  const int64_t b = end - begin, r = vectors[0].size(0);
  Derivatives derivatives;
  derivatives.inputs.resize(layers);
  for (size_t l = 0; l < layers; ++l) {
    const int64_t out = weights_[l].size(0);
    at::Tensor along =
        at::matmul(inputs_[l].slice(0, begin, end), vectors[l].flatten(0, 1).t()).view({b, r, out});
    if (l > 0) along.add_(at::matmul(derivatives.inputs[l], weights_[l].t()));
    if (l + 1 < layers) {
      derivatives.inputs[l + 1] = along.mul(masks_[l].slice(0, begin, end).unsqueeze(1));
    } else {
      derivatives.logits = along;
    }
  }
  return derivatives;
}

void Curvature::Backward(const ParameterVectors& vectors, const Derivatives& along,
                         at::Tensor along_deltas, int64_t begin, int64_t end,
                         ParameterVectors& products) const {
  const int64_t b = end - begin, r = vectors[0].size(0);
  for (size_t l = weights_.size(); l-- > 0;) {
    const int64_t out = weights_[l].size(0), in = weights_[l].size(1);
    const at::Tensor deltas = deltas_[l].slice(0, begin, end);
    products[l].flatten(0, 1).addmm_(along_deltas.reshape({b, r * out}).t(),
                                     inputs_[l].slice(0, begin, end));
    const bool has_second_order = kind_ == CurvatureKind::kHessian && l > 0;
    if (has_second_order) {
      // Sum over examples of delta_o times the derivative of input_i: [out, r in].
      const at::Tensor term = at::matmul(deltas.t(), along.inputs[l].reshape({b, r * in}));
      products[l].slice(2, 0, in).add_(term.view({out, r, in}).transpose(0, 1));
    }
    if (l == 0) break;
    at::Tensor back = at::matmul(along_deltas, weights_[l]);
    if (has_second_order) {
      const at::Tensor along_weights = vectors[l].slice(2, 0, in);  // [r, out, in]
      back.add_(at::matmul(deltas, along_weights.transpose(0, 1).reshape({out, r * in}))
                    .view({b, r, in}));
    }
    along_deltas = back.mul_(masks_[l - 1].slice(0, begin, end).unsqueeze(1));
  }
}

CurvatureProducts Curvature::Times(const ParameterVectors& vectors, CostLedger& ledger) const {
  const int64_t n = inputs_[0].size(0), r = vectors[0].size(0);
  int64_t widest = 1;
  for (const at::Tensor& weight : weights_) widest = std::max(widest, weight.size(0));
  CurvatureProducts result;
  ParameterVectors& products = result.products;
  for (const at::Tensor& vector : vectors) products.push_back(at::zeros_like(vector));
  result.with_gradients = at::empty({n, r}, vectors[0].options());

  const int64_t rows = BlockRows(r, widest);
  for (int64_t begin = 0; begin < n; begin += rows) {
    const int64_t end = std::min(n, begin + rows);
    const Derivatives along = Forward(vectors, begin, end);
    const at::Tensor at_logits = deltas_.back().slice(0, begin, end);
    result.with_gradients.slice(0, begin, end)
        .copy_(at::matmul(along.logits, at_logits.unsqueeze(2)).squeeze(2));
    // The Hessian of the loss at the logits, diag(p) - p p', times the derivatives.
    const at::Tensor p = probabilities_.slice(0, begin, end).unsqueeze(1);
    const at::Tensor mean = along.logits.mul(p).sum(2, /*keepdim=*/true);
    at::Tensor along_deltas = p.mul(along.logits.sub(mean));
    if (example_weights_.defined()) {
      along_deltas.mul_(example_weights_.slice(0, begin, end).unsqueeze(1));
    }
    Backward(vectors, along, along_deltas, begin, end, products);
  }
  Cost cost;
  cost.hessian_vector_products = share_ * static_cast<double>(r);
  for (size_t l = 0; l < weights_.size(); ++l) {
    products[l].div_(static_cast<double>(n));
    const double passes = l == 0 ? 2 : kind_ == CurvatureKind::kHessian ? 6 : 4;
    cost.flops += passes * 2 * n * r * weights_[l].numel();
  }
  ledger.Charge(cost);
  return result;
}

double Curvature::MeanEigenvalue(CostLedger& ledger) const {
  // tr J' (diag p - p p') J is the sum over classes of p_c |J' (p - e_c)|^2.
  const int64_t n = inputs_[0].size(0), classes = probabilities_.size(1);
  double trace = 0;
  Cost cost;
  for (int64_t c = 0; c < classes; ++c) {
    at::Tensor delta = probabilities_.clone();
    delta.select(1, c).sub_(1);
    at::Tensor shares = probabilities_.select(1, c);
    if (example_weights_.defined()) shares = shares.mul(example_weights_.squeeze(1));
    for (size_t l = weights_.size(); l-- > 0;) {
      const at::Tensor squares = delta.square().sum(1).mul(inputs_[l].square().sum(1));
      trace += squares.mul(shares).to(at::kDouble).sum().item<double>();
      if (l > 0) delta = at::matmul(delta, weights_[l]).mul(masks_[l - 1]);
      cost.flops += 2.0 * n * (l > 0 ? weights_[l].numel() : 0);
    }
    cost.gradient_evaluations += static_cast<double>(n);
  }
  ledger.Charge(cost);
  return trace / n / static_cast<double>(dimension());
}

int64_t Curvature::dimension() const {
  int64_t dimension = 0;
  for (size_t l = 0; l < weights_.size(); ++l) {
    dimension += inputs_[l].size(1) * weights_[l].size(0);
  }
  return dimension;
}

ParameterVectors AsVectors(const GradientFactors& factors) {
  ParameterVectors vectors;
  for (const LayerFactors& layer : factors.layers) {
    vectors.push_back(layer.deltas.unsqueeze(2).mul(layer.inputs.unsqueeze(1)));
  }
  return vectors;
}

absl::StatusOr<std::optional<GradientFactors>> MissingTrainingGradients(
    const AttributionTask& task, const Parameters& parameters, CostLedger& ledger) {
  if (!task.own_curvature_examples.has_value()) return std::optional<GradientFactors>();
  auto factors =
      ComputeGradientFactors(*task.model, parameters, task.train, GradientTarget::kLoss, ledger);
  if (!factors.ok()) return factors.status();
  return std::optional<GradientFactors>(*std::move(factors));
}

at::Tensor InnerProducts(const GradientFactors& factors, const ParameterVectors& vectors,
                         CostLedger& ledger) {
  at::Tensor products;
  Cost cost;
  for (size_t l = 0; l < vectors.size(); ++l) {
    const LayerFactors& layer = factors.layers[l];
    const int64_t r = vectors[l].size(0), out = vectors[l].size(1);
    const at::Tensor along =
        at::matmul(layer.inputs, vectors[l].flatten(0, 1).t()).view({-1, r, out});
    const at::Tensor term = at::matmul(along, layer.deltas.unsqueeze(2)).squeeze(2);
    products = products.defined() ? products.add_(term) : term;
    cost.flops += 2.0 * static_cast<double>(layer.inputs.numel()) * r * out;
  }
  ledger.Charge(cost);
  return products;
}

}  // namespace attribench
