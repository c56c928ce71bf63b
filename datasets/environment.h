// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ENVIRONMENT_H_
#define ATTRIBENCH_DATASETS_ENVIRONMENT_H_

#include "datasets/zoo/manifest.pb.h"

namespace attribench {

// Describes what decides the bits of a result on this machine: CPU model, instruction set, version
// of LibTorch and compiler. A zoo's manifest holds the description of the machine that made it.
Environment DescribeEnvironment();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ENVIRONMENT_H_
