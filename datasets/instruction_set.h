// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_
#define ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_

namespace attribench {

// Restricts ATen, OpenBLAS and oneDNN to AVX2 kernels, so that all CPUs of one model give the same
// bits. Call it first in main: the libraries read their environment variables when they load, so if
// the variables are not set yet, this function sets them and starts the program again.
void FixInstructionSet(char** argv);

// True if the environment has the values that FixInstructionSet sets.
bool InstructionSetIsFixed();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_
