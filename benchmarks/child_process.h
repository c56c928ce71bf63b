// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_CHILD_PROCESS_H_
#define ATTRIBENCH_BENCHMARKS_CHILD_PROCESS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// What a child process may use.
struct ChildLimits {
  absl::Duration timeout = absl::InfiniteDuration();
  double memory_gibibytes = 0;  // in addition to what is in memory already; 0: no limit
  int threads = 1;              // of LibTorch
};

// How a child process ended.
struct ChildEnd {
  EntryStatus status = OK;  // OK: its work returned OK
  std::string message;
};

// Runs `work` in a process of its own and waits for it: if it crashes, uses too much memory or
// takes too long, the caller lives on and is told. The child sees the memory of the caller as it
// was, and can return something only through a file. It does not outlive the caller.
//
// Unavailable if the system starts no process. Aborted if `work` fails: that is a fault of files,
// and its message stands on standard error. Threads do not survive a fork, so the caller must not
// have started LibTorch's (at::set_num_threads(1) before any work).
absl::StatusOr<ChildEnd> RunInChild(const ChildLimits& limits,
                                    const std::function<absl::Status()>& work);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_CHILD_PROCESS_H_
