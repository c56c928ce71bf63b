// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_
#define ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_

#include <cstdint>

namespace attribench {

// The largest resident memory of this process since its start or the last reset, in bytes. 0 if the
// system does not tell.
int64_t PeakMemoryBytes();

// The memory that RLIMIT_DATA limits: private memory, resident or not, in bytes. 0 if the system
// does not tell.
int64_t DataMemoryBytes();

// Returns free memory to the system, then resets the peak to the resident memory of now. The
// peak stays as it is if the system does not allow a reset.
void ResetPeakMemory();

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_
