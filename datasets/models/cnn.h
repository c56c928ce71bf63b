// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_CNN_H_
#define ATTRIBENCH_DATASETS_MODELS_CNN_H_

#include <memory>

#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// A plain convolutional network without batch norm: 3 x 3 convolutions conv1, conv2, ... with bias,
// stride 2 and padding 1, each followed by ReLU; then a linear layer fc on all channels of all
// positions. `spec` has at least one convolution.
std::unique_ptr<Model> MakeCnn(const CnnSpec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_CNN_H_
