// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ENVIRONMENT_H_
#define ATTRIBENCH_DATASETS_ENVIRONMENT_H_

#include "datasets/zoo/manifest.pb.h"

namespace attribench {

// Describes what decides the bits of a result on this machine: CPU model, instruction set, version
// of LibTorch and compiler. A zoo's manifest holds the description of the machine that made it. A
// model with Winograd convolutions raises oneDNN's instruction set when it is made: describe the
// environment after that.
Environment DescribeEnvironment();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ENVIRONMENT_H_
