// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model.h"

#include <algorithm>
#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {

int64_t CountParameters(const Parameters& parameters) {
  int64_t count = 0;
  for (const Parameter& parameter : parameters) {
    if (parameter.trained) count += parameter.value.numel();
  }
  return count;
}

absl::Status CheckFinite(const Parameters& parameters) {
  for (const Parameter& parameter : parameters) {
    const at::Tensor bad = parameter.value.isfinite().logical_not();
    if (!bad.any().item<bool>()) continue;
    const at::Tensor values = parameter.value.masked_select(bad);
    return absl::InternalError(absl::StrCat(parameter.trained ? "parameter " : "running statistic ",
                                            parameter.name, " has ", values[0].item<float>(),
                                            ", must be finite (", values.numel(), " of its ",
                                            parameter.value.numel(), " numbers are not)"));
  }
  return absl::OkStatus();
}

Parameters Model::Initialise(RandomStream& stream) const {
  Parameters parameters;
  for (const Layer& layer : layers()) {
    const std::string weight = layer.name + ".weight", bias = layer.name + ".bias";
    if (layer.kind == LayerKind::kBatchNorm) {
      const std::vector<int64_t> shape = {layer.num_outputs};
      parameters.push_back({weight, at::ones(shape)});
      parameters.push_back({bias, at::zeros(shape)});
      parameters.push_back({layer.name + ".running_mean", at::zeros(shape), /*trained=*/false});
      parameters.push_back({layer.name + ".running_var", at::ones(shape), /*trained=*/false});
      continue;
    }
    const float bound = 1 / std::sqrt(static_cast<float>(layer.num_inputs));
    const auto uniform = [&](const std::vector<int64_t>& shape) {
      at::Tensor value = at::empty(shape, at::kFloat);
      float* data = value.data_ptr<float>();
      for (int64_t i = 0; i < value.numel(); ++i) data[i] = (2 * stream.UniformFloat() - 1) * bound;
      return value;
    };
    std::vector<int64_t> shape = {layer.num_outputs, layer.num_inputs};
    if (layer.kind == LayerKind::kConvolution) {
      shape = {layer.num_outputs, layer.num_inputs / (layer.kernel * layer.kernel), layer.kernel,
               layer.kernel};
    }
    parameters.push_back({weight, uniform(shape)});
    if (layer.has_bias) parameters.push_back({bias, uniform({layer.num_outputs})});
  }
  return parameters;
}

double Model::ForwardFlops() const {
  double flops = 0;
  for (const Layer& layer : layers()) {
    flops += 2.0 * layer.num_inputs * layer.num_outputs * layer.positions;
  }
  return flops;
}

at::Tensor EvaluateLogits(const Model& model, const Parameters& parameters,
                          const at::Tensor& inputs) {
  constexpr int64_t kNumbers = int64_t{1} << 24;  // layer outputs per block
  int64_t numbers = 0;                            // layer outputs per example
  for (const Layer& layer : model.layers()) numbers += layer.positions * layer.num_outputs;
  const int64_t rows = std::max<int64_t>(1, kNumbers / numbers);
  if (inputs.size(0) <= rows) return model.Logits(parameters, inputs);
  std::vector<at::Tensor> blocks;
  for (const at::Tensor& block : inputs.split(rows)) {
    blocks.push_back(model.Logits(parameters, block));
  }
  return at::cat(blocks);
}

at::Tensor PenultimateFeatures(const Model& model, const Parameters& parameters,
                               const at::Tensor& inputs) {
  std::vector<at::Tensor> blocks;
  for (const at::Tensor& block : inputs.split(256)) {  // small, since a trace holds every layer
    std::vector<LayerTrace> trace;
    model.Logits(parameters, block, nullptr, &trace);
    blocks.push_back(trace.back().input);
  }
  return at::cat(blocks);
}

}  // namespace attribench
