// SPDX-License-Identifier: Apache-2.0
#include "datasets/num_threads.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"

namespace attribench {

absl::StatusOr<int> ThreadsOrAllCores(int flag) {
  if (flag < 0 || flag > kMostThreads) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " threads or workers, must be from 0 to ",
                                                   kMostThreads, " (0: one per core)"));
  }
  if (flag > 0) return flag;
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace attribench
