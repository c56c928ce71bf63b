// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_REFERENCE_KERNEL_H_
#define ATTRIBENCH_BENCHMARKS_REFERENCE_KERNEL_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// A fixed piece of work to measure others against: a time over its time hardly depends on how busy
// the machine is at the moment. Half arithmetic (one 768 x 768 float32 matrix product), half memory
// (one copy of 32 MiB); some 10 ms.
class ReferenceKernel {
 public:
  ReferenceKernel();
  // Runs it once: wall seconds.
  double Seconds();

 private:
  at::Tensor a_, b_, product_, source_, copy_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_REFERENCE_KERNEL_H_
