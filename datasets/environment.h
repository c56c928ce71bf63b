// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ENVIRONMENT_H_
#define ATTRIBENCH_DATASETS_ENVIRONMENT_H_

#include "datasets/zoo/manifest.pb.h"

namespace attribench {

// What decides the bits of a result: the CPU model, the instruction set, the version of LibTorch
// and the compiler.
Environment DescribeEnvironment();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ENVIRONMENT_H_
