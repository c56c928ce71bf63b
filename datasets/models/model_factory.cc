// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model_factory.h"

#include "datasets/models/cnn.h"
#include "datasets/models/mlp.h"
#include "datasets/models/resnet9.h"

namespace attribench {

absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelSpec& spec) {
  if (spec.has_mlp()) return MakeMlp(spec.mlp());
  if (spec.has_resnet9()) return MakeResNet9(spec.resnet9());
  if (spec.has_cnn()) return MakeCnn(spec.cnn());
  return absl::InvalidArgumentError("model names no architecture; known are mlp, resnet9 and cnn");
}

}  // namespace attribench
