// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_OOM_KILLS_H_
#define ATTRIBENCH_BENCHMARKS_OOM_KILLS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace attribench {

// The number of processes that the kernel has killed since it started because memory ran out: the
// line "oom_kill N" of /proc/vmstat. Absent if the kernel does not say.
std::optional<int64_t> OomKills(const std::string& vmstat = "/proc/vmstat");

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_OOM_KILLS_H_
