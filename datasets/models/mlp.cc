// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/mlp.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

class Mlp : public Model {
 public:
  explicit Mlp(const MlpSpec& spec) : dropout_(spec.dropout()) {
    int64_t width = spec.num_inputs();
    std::vector<int64_t> widths(spec.hidden_units().begin(), spec.hidden_units().end());
    widths.push_back(spec.num_classes());
    for (const int64_t next : widths) {
      layers_.push_back({absl::StrCat("fc", layers_.size() + 1), LayerKind::kLinear, width, next});
      width = next;
    }
  }

  std::string Description() const override {
    std::string text = absl::StrCat("MLP ", layers_.front().num_inputs);
    for (const Layer& layer : layers_) absl::StrAppend(&text, "-", layer.num_outputs);
    return text;
  }

  const std::vector<Layer>& layers() const override { return layers_; }
  int64_t num_classes() const override { return layers_.back().num_outputs; }

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
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Model> MakeMlp(const MlpSpec& spec) { return std::make_unique<Mlp>(spec); }

}  // namespace attribench
