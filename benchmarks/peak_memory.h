// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_
#define ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_

#include <cstdint>

namespace attribench {

// The largest resident memory of this process since it started or since the last reset, in bytes;
// 0 where the system does not say.
int64_t PeakMemoryBytes();

// What RLIMIT_DATA counts: private memory, resident or not, in bytes; 0 likewise.
int64_t DataMemoryBytes();

// Gives free memory back to the system and starts the peak anew, where the system lets us.
void ResetPeakMemory();

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_PEAK_MEMORY_H_
