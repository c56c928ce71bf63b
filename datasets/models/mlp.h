// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MLP_H_
#define ATTRIBENCH_DATASETS_MODELS_MLP_H_

#include <memory>

#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// A multi-layer perceptron: linear layers fc1, fc2, ..., with ReLU and dropout between them. Inputs
// are flattened. Without hidden units it is softmax regression.
std::unique_ptr<Model> MakeMlp(const MlpSpec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MLP_H_
