// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_SECOND_DEVICE_H_
#define ATTRIBENCH_METHODS_SECOND_DEVICE_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// For tests: a device that behaves as a GPU does, on any machine. LibTorch computes on it with the
// CPU's functions, and an operation on tensors of both devices is an error. Whoever follows a
// pointer to its memory crashes. With LibTorch 2, whose interface to new devices is another, it is
// the first GPU.
at::Device SecondDevice();

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_SECOND_DEVICE_H_
