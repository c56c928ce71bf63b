// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_
#define ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// What retrained models are asked about, per example: larger is better for both.
struct ModelOutputs {
  at::Tensor negative_loss;  // [n] float64: -cross-entropy
  at::Tensor margin;         // [n] float64: z_y - logsumexp_{j != y} z_j
};

// Of logits [n, classes] and labels [n]. Computed in double from differences of logits, so that
// losses far below float32's resolution near 1 keep their order.
ModelOutputs OutputsOfLogits(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MODEL_OUTPUTS_H_
