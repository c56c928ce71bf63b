// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_
#define ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_

namespace attribench {

// Makes ATen, OpenBLAS and oneDNN use AVX2 kernels only, so that every CPU of one model gives the
// same bits. The libraries read their choice from environment variables when they load. Where these
// are not set, the function sets them and starts the program again: call it first in main.
void FixInstructionSet(char** argv);

// True where the environment holds what FixInstructionSet sets.
bool InstructionSetIsFixed();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_INSTRUCTION_SET_H_
