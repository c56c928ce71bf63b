// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/oom_kills.h"

#include <fstream>

namespace attribench {

std::optional<int64_t> OomKills(const std::string& vmstat) {
  std::ifstream file(vmstat);
  std::string name;
  for (int64_t value = 0; file >> name >> value;) {
    if (name == "oom_kill") return value;
  }
  return std::nullopt;
}

}  // namespace attribench
