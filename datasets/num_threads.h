// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_NUM_THREADS_H_
#define ATTRIBENCH_DATASETS_NUM_THREADS_H_

#include "absl/status/statusor.h"

namespace attribench {

// More threads than any machine has cores.
inline constexpr int kMostThreads = 1024;

// The number of threads that a program starts: `flag` (its --threads or --workers) if that is above
// 0, one per core of the machine if it is 0. InvalidArgument if it is not from 0 to kMostThreads.
//
// Programs call it because LibTorch's own default is too small on some machines (1 thread on 2
// cores).
absl::StatusOr<int> ThreadsOrAllCores(int flag);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_NUM_THREADS_H_
