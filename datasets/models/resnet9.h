// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_RESNET9_H_
#define ATTRIBENCH_DATASETS_MODELS_RESNET9_H_

#include <memory>

#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Residual network of nine layers with weights on the way from image to logits (after He et al.,
// Deep residual learning for image recognition, CVPR 2016): a convolution with batch norm and ReLU,
// three residual blocks of 2, 4 and 8 times the width, the last two of stride 2, an average over
// all positions and a linear layer.
std::unique_ptr<Model> MakeResNet9(const ResNet9Spec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_RESNET9_H_
