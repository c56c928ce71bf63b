// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/model_outputs.h"

#include <limits>

#include "ATen/ATen.h"

namespace attribench {

ModelOutputs OutputsOfLogits(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor z = logits.to(at::kDouble);
  // Differences to the logit of the label, without the label's own.
  at::Tensor others = z - z.gather(1, index);
  others.scatter_(1, index, -std::numeric_limits<double>::infinity());
  const at::Tensor margin = -at::logsumexp(others, 1);
  return {(-at::log1p(at::exp(-margin))).where(margin > -30, margin), margin};
}

}  // namespace attribench
