// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MODEL_H_
#define ATTRIBENCH_DATASETS_MODELS_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "datasets/random_stream.h"

namespace attribench {

// The parameters of a model, in the order of its layers: `fc1.weight` [out, in], `fc1.bias` [out],
// ...
struct Parameter {
  std::string name;
  at::Tensor value;
  bool trained = true;  // false for the running statistics of batch norm: they have no gradient
};
using Parameters = std::vector<Parameter>;

// The number of trained numbers.
int64_t CountParameters(const Parameters& parameters);

// OK if every number is finite, running statistics included. Internal says which parameter has
// another one.
absl::Status CheckFinite(const Parameters& parameters);

enum class LayerKind {
  kLinear,       // output = input W' + b
  kConvolution,  // the same linear map at every position of an image, applied to a patch
  kBatchNorm,    // output = w * normalised input + b, for each channel
};

// A layer with parameters: <name>.weight and, if has_bias, <name>.bias [num_outputs]. Batch norm
// also has <name>.running_mean and <name>.running_var [num_outputs].
struct Layer {
  std::string name;
  LayerKind kind;
  int64_t num_inputs;   // per output; channels x kernel^2 for a convolution, 1 for batch norm
  int64_t num_outputs;  // per position; the channels of a convolution or batch norm
  bool has_bias = true;
  int64_t positions = 1;  // pixels of the output image; 1 for a linear layer
  int64_t kernel = 1, stride = 1, padding = 0;

  int64_t num_parameters() const { return num_outputs * (num_inputs + (has_bias ? 1 : 0)); }
};

// The input and output of a layer in a forward pass of b examples. (The dots are height and width.)
struct LayerTrace {
  at::Tensor input;   // [b, num_inputs] or [b, channels, ., .]; for batch norm, after normalising
  at::Tensor output;  // [b, num_outputs] or [b, num_outputs, ., .], before the nonlinearity
};

// An architecture. It holds no parameters; callers pass them.
class Model {
 public:
  virtual ~Model() = default;

  // For tables: "MLP 784-128-64-10", "ResNet-9, width 16".
  virtual std::string Description() const = 0;

  // In forward order.
  virtual const std::vector<Layer>& layers() const = 0;
  virtual int64_t num_classes() const = 0;

  // PyTorch's default initialisation, in float32: weights and biases uniform on
  // [-1, 1] / sqrt(num_inputs). Batch norm gets weights 1, biases 0, running means 0 and
  // variances 1.
  Parameters Initialise(RandomStream& stream) const;

  // Logits [b, classes] of inputs [b, ...], in the type of the parameters.
  //
  // With `dropout`, the model is in training mode: it draws its dropout masks from that stream,
  // normalises by the statistics of the batch, and updates the running statistics in `parameters`.
  // Without it, the model is in evaluation mode. `trace` receives one LayerTrace per layer, in the
  // order of layers().
  virtual at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs,
                            RandomStream* dropout = nullptr,
                            std::vector<LayerTrace>* trace = nullptr) const = 0;

  // Floating-point operations of a forward pass of one example: 2 per multiply-add of the layers. A
  // backward pass costs twice as many.
  double ForwardFlops() const;
};

// Logits [n, classes] in evaluation mode of any number of inputs. Many inputs are processed in
// blocks, so that the activations of a block stay near the cache.
at::Tensor EvaluateLogits(const Model& model, const Parameters& parameters,
                          const at::Tensor& inputs);

// The inputs of the last layer in evaluation mode: [n, num_inputs of that layer].
at::Tensor PenultimateFeatures(const Model& model, const Parameters& parameters,
                               const at::Tensor& inputs);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MODEL_H_
