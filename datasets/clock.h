// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_CLOCK_H_
#define ATTRIBENCH_DATASETS_CLOCK_H_

namespace attribench {

// Seconds of CPU time that the calling thread has used since it started.
double ThreadCpuSeconds();
// Seconds of CPU time that all threads of this process have used since it started.
double ProcessCpuSeconds();
// Seconds on a monotonic clock. Only differences have a meaning.
double WallSeconds();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_CLOCK_H_
