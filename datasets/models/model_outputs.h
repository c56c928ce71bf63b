// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_
#define ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// The outputs of a model that attribution methods predict, per example. Larger is better for both.
struct ModelOutputs {
  at::Tensor negative_loss;  // [n] float64: -cross-entropy
  at::Tensor margin;         // [n] float64: z_y - logsumexp_{j != y} z_j
};

// Computes the outputs from logits [n, classes] and labels [n]. It uses doubles and differences of
// logits, so that even losses far below 1e-7 (the resolution of float32 near 1) keep their order.
ModelOutputs OutputsOfLogits(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_
