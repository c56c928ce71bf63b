// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_RESNET9_H_
#define ATTRIBENCH_DATASETS_MODELS_RESNET9_H_

#include <memory>

#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// A small residual network (after He et al., "Deep residual learning for image recognition", CVPR
// 2016): a convolution with batch norm and ReLU; three residual blocks with 2, 4 and 8 times its
// channels, the last two with stride 2; an average over all positions; a linear layer. If
// `spec` asks for Winograd convolutions and the CPU has no AVX-512, the convolutions are direct.
std::unique_ptr<Model> MakeResNet9(const ResNet9Spec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_RESNET9_H_
