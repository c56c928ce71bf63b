// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/reference_kernel.h"

#include "ATen/ATen.h"
#include "datasets/clock.h"

namespace attribench {

ReferenceKernel::ReferenceKernel()
    : a_(at::full({768, 768}, 0.5)),
      b_(at::full({768, 768}, 0.25)),
      product_(at::zeros({768, 768})),
      source_(at::ones({32 << 20}, at::kByte)),
      copy_(at::zeros({32 << 20}, at::kByte)) {
  Seconds();
}

double ReferenceKernel::Seconds() {
  const double start = WallSeconds();
  at::matmul_out(product_, a_, b_);
  copy_.copy_(source_);
  return WallSeconds() - start;
}

}  // namespace attribench
