// SPDX-License-Identifier: Apache-2.0
#include "datasets/model.h"

#include <cmath>
#include <limits>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

// Multi-layer perceptron: linear layers fc1, fc2, ... with ReLU and dropout between them.
class Mlp : public Model {
 public:
  explicit Mlp(const MlpSpec& spec) : dropout_(spec.dropout()) {
    int64_t width = spec.num_inputs();
    std::vector<int64_t> widths(spec.hidden_units().begin(), spec.hidden_units().end());
    widths.push_back(spec.num_classes());
    for (const int64_t next : widths) {
      layers_.push_back({absl::StrCat("fc", layers_.size() + 1), width, next});
      width = next;
    }
  }

  std::string Description() const override {
    std::string text = absl::StrCat("MLP ", layers_.front().num_inputs);
    for (const LinearLayer& layer : layers_) absl::StrAppend(&text, "-", layer.num_outputs);
    return text;
  }

  const std::vector<LinearLayer>& layers() const override { return layers_; }
  int64_t num_classes() const override { return layers_.back().num_outputs; }

  Parameters Initialise(RandomStream& stream) const override {
    Parameters parameters;
    const auto uniform = [&](std::vector<int64_t> shape, float bound) {
      at::Tensor value = at::empty(shape, at::kFloat);
      float* data = value.data_ptr<float>();
      for (int64_t i = 0; i < value.numel(); ++i) data[i] = (2 * stream.UniformFloat() - 1) * bound;
      return value;
    };
    for (const LinearLayer& layer : layers_) {
      const float bound = 1 / std::sqrt(static_cast<float>(layer.num_inputs));
      parameters.push_back(
          {layer.name + ".weight", uniform({layer.num_outputs, layer.num_inputs}, bound)});
      parameters.push_back({layer.name + ".bias", uniform({layer.num_outputs}, bound)});
    }
    return parameters;
  }

  at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs, RandomStream* dropout,
                    std::vector<LayerTrace>* trace) const override {
    at::Tensor x = inputs.flatten(1);
    for (size_t l = 0; l < layers_.size(); ++l) {
      const at::Tensor z = at::linear(x, parameters[2 * l].value, parameters[2 * l + 1].value);
      if (trace != nullptr) trace->push_back({x, z});
      if (l + 1 == layers_.size()) return z;
      x = at::relu(z);
      if (dropout != nullptr && dropout_ > 0) x = x * DropoutMask(x, *dropout);
    }
    return x;
  }

 private:
  // 1 / (1 - dropout) where a unit is kept, 0 where it is dropped.
  at::Tensor DropoutMask(const at::Tensor& x, RandomStream& stream) const {
    at::Tensor mask = at::empty(x.sizes(), at::kFloat);
    const float kept = 1 / (1 - static_cast<float>(dropout_));
    const uint32_t threshold = static_cast<uint32_t>(dropout_ * 0x1p32);
    float* data = mask.data_ptr<float>();
    for (int64_t i = 0; i < mask.numel(); ++i) data[i] = stream.Next32() < threshold ? 0 : kept;
    return mask;
  }

  double dropout_;
  std::vector<LinearLayer> layers_;
};

}  // namespace

int64_t CountParameters(const Parameters& parameters) {
  int64_t count = 0;
  for (const Parameter& parameter : parameters) count += parameter.value.numel();
  return count;
}

double Model::ForwardFlops() const {
  double flops = 0;
  for (const LinearLayer& layer : layers()) flops += 2.0 * layer.num_inputs * layer.num_outputs;
  return flops;
}

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSpec& spec) {
  if (spec.has_mlp()) return std::unique_ptr<Model>(new Mlp(spec.mlp()));
  return absl::InvalidArgumentError("a model needs an architecture; known is mlp");
}

ModelOutputs OutputsOfLogits(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor z = logits.to(at::kDouble);
  // Differences to the label's logit; its own is left out of the sum.
  at::Tensor others = z - z.gather(1, index);
  others.scatter_(1, index, -std::numeric_limits<double>::infinity());
  const at::Tensor margin = -at::logsumexp(others, 1);
  return {(-at::log1p(at::exp(-margin))).where(margin > -30, margin), margin};
}

}  // namespace attribench
