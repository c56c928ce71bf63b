// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/peak_memory.h"

#include <malloc.h>

#include <fstream>
#include <sstream>
#include <string>

namespace attribench {

namespace {

// A field of /proc/self/status, in bytes.
int64_t StatusField(const std::string& wanted) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    int64_t kibibytes;
    if (fields >> name >> kibibytes && name == wanted) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

int64_t PeakMemoryBytes() { return StatusField("VmHWM:"); }

int64_t DataMemoryBytes() { return StatusField("VmData:"); }

void ResetPeakMemory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace attribench
