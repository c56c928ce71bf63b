// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_MODEL_FACTORY_H_
#define ATTRIBENCH_DATASETS_MODELS_MODEL_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Makes the architecture of `spec`. InvalidArgument if `spec` names none. The numbers of `spec`
// must be within their bounds (ValidateSetting checks them).
absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSpec& spec);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_MODEL_FACTORY_H_
