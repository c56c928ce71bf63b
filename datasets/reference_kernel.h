// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_REFERENCE_KERNEL_H_
#define ATTRIBENCH_DATASETS_REFERENCE_KERNEL_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// A fixed piece of work that other times are divided by. The ratio hardly depends on how busy the
// machine is. Half of the work is arithmetic (one 768 x 768 float32 matrix product) and half is
// memory traffic (one copy of 32 MiB). It takes about 10 ms.
class ReferenceKernel {
 public:
  // Runs the kernel once to warm up.
  ReferenceKernel();
  // Runs the kernel once and returns its wall seconds.
  double Seconds();

 private:
  at::Tensor a_, b_, product_, source_, copy_;
};

// The CPU seconds of the kernel on one thread, the median of five runs. It converts CPU seconds
// from one machine to another: work that took c seconds where this was r takes about c r' / r
// seconds where this is r'.
double ReferenceKernelCpuSeconds();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_REFERENCE_KERNEL_H_
