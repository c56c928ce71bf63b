// SPDX-License-Identifier: Apache-2.0
#include "datasets/reference_kernel.h"

#include <algorithm>
#include <array>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
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

double ReferenceKernelCpuSeconds() {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  ReferenceKernel kernel;
  std::array<double, 5> seconds;
  for (double& of_run : seconds) {
    const double start = ThreadCpuSeconds();
    kernel.Seconds();
    of_run = ThreadCpuSeconds() - start;
  }
  at::set_num_threads(threads);
  std::sort(seconds.begin(), seconds.end());
  return seconds[2];
}

}  // namespace attribench
