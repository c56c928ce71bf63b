// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MODEL_H_
#define ATTRIBENCH_DATASETS_MODELS_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "datasets/random_stream.h"

namespace attribench {

// A model's parameters, in the model's own order: `fc1.weight` [out, in], `fc1.bias` [out], ...
struct Parameter {
  std::string name;
  at::Tensor value;
  bool trained = true;  // false: a running statistic of batch norm, which has no gradient
};
using Parameters = std::vector<Parameter>;

// Of those that are trained.
int64_t CountParameters(const Parameters& parameters);

enum class LayerKind {
  kLinear,       // output = input W' + b
  kConvolution,  // the same at every position of an image, of the patch around it
  kBatchNorm,    // output = w normalised input + b, channel by channel
};

// A parametrised layer. Its parameters are <name>.weight and, where it has one, <name>.bias
// [num_outputs]; batch norm has its <name>.running_mean and <name>.running_var besides.
struct Layer {
  std::string name;
  LayerKind kind;
  int64_t num_inputs;   // of one output: channels x kernel^2 of a convolution, 1 of batch norm
  int64_t num_outputs;  // channels of a convolution and of batch norm
  bool has_bias = true;
  int64_t positions = 1;  // pixels of the output
  int64_t kernel = 1, stride = 1, padding = 0;

  int64_t num_parameters() const { return num_outputs * (num_inputs + (has_bias ? 1 : 0)); }
};

// What a layer saw in a forward pass of b examples.
struct LayerTrace {
  at::Tensor input;   // [b, num_inputs], or [b, channels, height, width]; of batch norm: normalised
  at::Tensor output;  // [b, num_outputs], or [b, ., ., .], before the nonlinearity
};

// An architecture; it holds no parameters.
class Model {
 public:
  virtual ~Model() = default;

  // "MLP 784-128-64-10", "ResNet-9, width 16": as tables show it.
  virtual std::string Description() const = 0;

  // In forward order.
  virtual const std::vector<Layer>& layers() const = 0;
  virtual int64_t num_classes() const = 0;

  // PyTorch's default initialisation: weights and biases uniform on +-1/sqrt(num_inputs); of batch
  // norm 1 and 0, with running mean 0 and variance 1. float32.
  Parameters Initialise(RandomStream& stream) const;

  // Logits [b, classes] of inputs [b, ...], in the parameters' type. With `dropout` the model is in
  // training mode: it draws its masks there, normalises by the batch's own statistics and moves the
  // running ones; without, in evaluation mode. `trace` receives what each layer saw, in the order
  // of layers().
  virtual at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs,
                            RandomStream* dropout = nullptr,
                            std::vector<LayerTrace>* trace = nullptr) const = 0;

  // Floating-point operations of one forward pass of one example: 2 per multiply-add of the layers.
  // A backward pass costs twice that.
  double ForwardFlops() const;
};

// Logits in evaluation mode of any number of inputs, [n, classes]: as many at a time as keep
// activations in a cache's reach, all at once where these are few.
at::Tensor EvaluateLogits(const Model& model, const Parameters& parameters,
                          const at::Tensor& inputs);

// What the last layer sees of `inputs` in evaluation mode, [n, its num_inputs].
at::Tensor PenultimateFeatures(const Model& model, const Parameters& parameters,
                               const at::Tensor& inputs);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MODEL_H_
