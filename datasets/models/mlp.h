// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MLP_H_
#define ATTRIBENCH_DATASETS_MODELS_MLP_H_

#include <memory>

#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Multi-layer perceptron: linear layers fc1, fc2, ... with ReLU and dropout between them.
std::unique_ptr<Model> MakeMlp(const MlpSpec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MLP_H_
