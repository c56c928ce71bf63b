// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_NUM_THREADS_H_
#define ATTRIBENCH_DATASETS_NUM_THREADS_H_

namespace attribench {

// The number of threads that a program starts: `flag` (its --threads or --workers) if that is above
// 0, otherwise one per core of the machine. At least 1.
//
// Programs call it because LibTorch's own default is too small on some machines (1 thread on 2
// cores).
int ThreadsOrAllCores(int flag);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_NUM_THREADS_H_
