// SPDX-License-Identifier: Apache-2.0
#include "datasets/num_threads.h"

#include <algorithm>
#include <thread>

namespace attribench {

int ThreadsOrAllCores(int flag) {
  if (flag > 0) return flag;
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace attribench
