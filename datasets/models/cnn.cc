// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/cnn.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

constexpr int64_t kKernel = 3, kStride = 2, kPadding = 1;

class Cnn : public Model {
 public:
  explicit Cnn(const CnnSpec& spec) : num_channels_(spec.num_channels()) {
    int64_t channels = spec.num_channels(), side = spec.image_size();
    for (const int64_t filters : spec.filters()) {
      Layer layer = {absl::StrCat("conv", layers_.size() + 1), LayerKind::kConvolution,
                     channels * kKernel * kKernel, filters};
      layer.kernel = kKernel;
      layer.stride = kStride;
      layer.padding = kPadding;
      side = (side + 2 * kPadding - kKernel) / kStride + 1;
      layer.positions = side * side;
      layers_.push_back(layer);
      channels = filters;
    }
    layers_.push_back({"fc", LayerKind::kLinear, channels * side * side, spec.num_classes()});
  }

  std::string Description() const override {
    std::string text = absl::StrCat("CNN ", num_channels_);
    for (const Layer& layer : layers_) absl::StrAppend(&text, "-", layer.num_outputs);
    return text;
  }

  const std::vector<Layer>& layers() const override { return layers_; }
  int64_t num_classes() const override { return layers_.back().num_outputs; }

  at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs, RandomStream*,
                    std::vector<LayerTrace>* trace) const override {
    at::Tensor x = inputs;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const at::Tensor &weight = parameters[2 * l].value, &bias = parameters[2 * l + 1].value;
      const bool last = l + 1 == layers_.size();
      if (last) x = x.flatten(1);
      const at::Tensor z =
          last ? at::linear(x, weight, bias) : at::conv2d(x, weight, bias, kStride, kPadding);
      if (trace != nullptr) trace->push_back({x, z});
      if (last) return z;
      x = at::relu(z);
    }
    return x;
  }

 private:
  int64_t num_channels_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Model> MakeCnn(const CnnSpec& spec) { return std::make_unique<Cnn>(spec); }

}  // namespace attribench
