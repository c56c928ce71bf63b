// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/resnet9.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/models/winograd.h"

namespace attribench {
namespace {

constexpr double kStatisticsMomentum = 0.1;  // PyTorch's
constexpr double kVarianceFloor = 1e-5;      // PyTorch's

class ResNet9 : public Model {
 public:
  explicit ResNet9(const ResNet9Spec& spec)
      : width_(spec.width()),
        winograd_(spec.convolution_algorithm() == WINOGRAD && AllowWinograd()) {
    int64_t channels = spec.num_channels(), size = spec.image_size();
    AddConvolution("conv1", "bn1", channels, width_, 3, 1, size);
    channels = width_;
    for (int block = 1; block <= 3; ++block) {
      const std::string name = absl::StrCat("layer", block, ".0.");
      const int64_t out = 2 * channels, stride = block == 1 ? 1 : 2, before = size;
      size = AddConvolution(name + "conv1", name + "bn1", channels, out, 3, stride, before);
      AddConvolution(name + "conv2", name + "bn2", out, out, 3, 1, size);
      AddConvolution(name + "shortcut.0", name + "shortcut.1", channels, out, 1, stride, before);
      channels = out;
    }
    layers_.push_back({"linear", LayerKind::kLinear, channels, spec.num_classes()});
  }

  std::string Description() const override { return absl::StrCat("ResNet-9, width ", width_); }
  const std::vector<Layer>& layers() const override { return layers_; }
  int64_t num_classes() const override { return layers_.back().num_outputs; }

  at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs, RandomStream* dropout,
                    std::vector<LayerTrace>* trace) const override {
    const bool training = dropout != nullptr;
    // Training uses oneDNN's layout of images in every layer, so that nothing is reordered between
    // layers.
    const bool blocked = training && trace == nullptr && inputs.is_cpu() &&
                         inputs.scalar_type() == at::kFloat && at::hasMKLDNN();
    Pass pass = {layers_.begin(), parameters.begin(), training, blocked && winograd_, trace};
    at::Tensor x = pass.Rectify(pass.ConvolveAndNormalise(blocked ? inputs.to_mkldnn() : inputs));
    for (int block = 1; block <= 3; ++block) {
      at::Tensor y = pass.Rectify(pass.ConvolveAndNormalise(x));
      y = pass.Rectify(pass.ConvolveAndNormalise(y));
      // The shortcut is last, as in layers().
      x = y.add(pass.ConvolveAndNormalise(x)).relu_();
    }
    return pass.Linear((blocked ? x.to_dense() : x).mean({2, 3}));
  }

 private:
  // The state of one forward pass: the next layer and the next parameter.
  struct Pass {
    std::vector<Layer>::const_iterator layer;
    Parameters::const_iterator parameter;
    bool training;
    bool winograd;
    std::vector<LayerTrace>* trace;

    at::Tensor ConvolveAndNormalise(const at::Tensor& x) {
      const at::Tensor filters = (parameter++)->value;
      const at::Tensor convolved = winograd && layer->kernel == 3 && layer->stride == 1 &&
                                           x.size(1) % 16 == 0 && layer->num_outputs % 16 == 0
                                       ? WinogradConvolution(x, filters)
                                       : at::conv2d(x, filters, {}, layer->stride, layer->padding);
      if (trace != nullptr) trace->push_back({x, convolved});
      ++layer;
      const at::Tensor weight = (parameter++)->value, bias = (parameter++)->value;
      const at::Tensor mean = (parameter++)->value, variance = (parameter++)->value;
      const at::Tensor output = at::batch_norm(convolved, weight, bias, mean, variance, training,
                                               kStatisticsMomentum, kVarianceFloor, false);
      if (trace != nullptr) {
        const at::Tensor scale = variance.add(kVarianceFloor).rsqrt();
        const at::Tensor normalised =
            convolved.detach().sub(mean.view({1, -1, 1, 1})).mul_(scale.view({1, -1, 1, 1}));
        trace->push_back({normalised, output});
      }
      ++layer;
      return output;
    }

    // In place, unless a trace holds `x`.
    at::Tensor Rectify(at::Tensor x) const { return trace == nullptr ? x.relu_() : x.relu(); }

    at::Tensor Linear(const at::Tensor& x) {
      const at::Tensor weight = (parameter++)->value, bias = (parameter++)->value;
      const at::Tensor z = at::linear(x, weight, bias);
      if (trace != nullptr) trace->push_back({x, z});
      return z;
    }
  };

  // Returns the side of the output image.
  int64_t AddConvolution(const std::string& name, const std::string& norm, int64_t in, int64_t out,
                         int64_t kernel, int64_t stride, int64_t size) {
    Layer layer = {name, LayerKind::kConvolution, in * kernel * kernel, out, /*has_bias=*/false};
    layer.kernel = kernel;
    layer.stride = stride;
    layer.padding = kernel / 2;
    const int64_t side = (size + 2 * layer.padding - kernel) / stride + 1;
    layer.positions = side * side;
    layers_.push_back(layer);
    layers_.push_back({norm, LayerKind::kBatchNorm, 1, out, /*has_bias=*/true, side * side});
    return side;
  }

  int64_t width_;
  bool winograd_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Model> MakeResNet9(const ResNet9Spec& spec) {
  return std::make_unique<ResNet9>(spec);
}

}  // namespace attribench
