// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/peak_memory.h"

#include <malloc.h>

#include <fstream>
#include <sstream>
#include <string>

namespace attribench {

int64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    int64_t kibibytes;
    if (fields >> name >> kibibytes && name == "VmHWM:") return kibibytes * 1024;
  }
  return 0;
}

void ResetPeakMemory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace attribench
