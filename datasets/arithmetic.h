// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ARITHMETIC_H_
#define ATTRIBENCH_DATASETS_ARITHMETIC_H_

#include "datasets/manifest.pb.h"

namespace attribench {

// Fixes the instruction set of the numeric libraries (AVX2 in ATen, OpenBLAS and oneDNN), so that
// one CPU model gives one result. They read it from the environment when they load: where it is not
// set yet, this sets it and starts the program again. Call it first in main.
void FixInstructionSet(char** argv);

// True where the environment holds what FixInstructionSet sets.
bool InstructionSetIsFixed();

// The CPU, the libraries and the compiler, as they bear on the bits of a result.
Environment DescribeEnvironment();

// CPU seconds of the calling thread, and of the whole process, since they started.
double ThreadCpuSeconds();
double ProcessCpuSeconds();
// Seconds of a clock that only goes forward.
double WallSeconds();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ARITHMETIC_H_
