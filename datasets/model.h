// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODEL_H_
#define ATTRIBENCH_DATASETS_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/random_stream.h"
#include "datasets/setting.pb.h"

namespace attribench {

// A model's parameters, in the model's own order: `fc1.weight` [out, in], `fc1.bias` [out], ...
struct Parameter {
  std::string name;
  at::Tensor value;
};
using Parameters = std::vector<Parameter>;

int64_t CountParameters(const Parameters& parameters);

// A parametrised layer: output = input W' + b.
struct LinearLayer {
  std::string name;  // its parameters are <name>.weight [num_outputs, num_inputs] and <name>.bias
  int64_t num_inputs;
  int64_t num_outputs;
};

// What a layer saw in a forward pass of b examples.
struct LayerTrace {
  at::Tensor input;   // [b, num_inputs]
  at::Tensor output;  // [b, num_outputs], before the nonlinearity
};

// An architecture; it holds no parameters.
class Model {
 public:
  virtual ~Model() = default;

  // "MLP 784-128-64-10", as tables show it.
  virtual std::string Description() const = 0;

  // In forward order.
  virtual const std::vector<LinearLayer>& layers() const = 0;
  virtual int64_t num_classes() const = 0;

  // PyTorch's default initialisation of a linear layer: weights and biases uniform on
  // +-1/sqrt(num_inputs). float32.
  virtual Parameters Initialise(RandomStream& stream) const = 0;

  // Logits [b, classes] of inputs [b, ...], in the parameters' type. With `dropout` the model is in
  // training mode and draws its masks there; without, in evaluation mode. `trace` receives what
  // each layer saw, in the order of layers().
  virtual at::Tensor Logits(const Parameters& parameters, const at::Tensor& inputs,
                            RandomStream* dropout = nullptr,
                            std::vector<LayerTrace>* trace = nullptr) const = 0;

  // Floating-point operations of one forward pass of one example: 2 per multiply-add of the layers.
  // A backward pass costs twice that.
  double ForwardFlops() const;
};

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSpec& spec);

// What retrained models are asked about, per example: larger is better for both.
struct ModelOutputs {
  at::Tensor negative_loss;  // [n] float64: -cross-entropy
  at::Tensor margin;         // [n] float64: z_y - logsumexp_{j != y} z_j
};

// Of logits [n, classes] and labels [n]. Computed in double from differences of logits, so that
// losses far below float32's resolution near 1 keep their order.
ModelOutputs OutputsOfLogits(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODEL_H_
