// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/child_process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmarks/oom_kills.h"
#include "benchmarks/peak_memory.h"
#include "datasets/zoo/trainer.h"

namespace attribench {
namespace {

// The first matrix product makes the matrix library start its threads and allocate its buffers.
// This must happen before the limit holds: the library would wait forever for memory that it cannot
// get.
void LimitMemory(double gibibytes) {
  at::matmul(at::ones({512, 512}), at::ones({512, 512}));
  const rlim_t bytes = static_cast<rlim_t>(DataMemoryBytes() + gibibytes * (1 << 30));
  const rlimit bound = {bytes, bytes};
  setrlimit(RLIMIT_DATA, &bound);
}

// The exit status of a child process whose work failed.
constexpr int kFailed = 74;  // EX_IOERR of sysexits.h

// The whole life of a child process.
[[noreturn]] void Live(const ChildLimits& limits, const std::function<absl::Status()>& work,
                       pid_t parent) {
  // It must not outlive its parent, however that ends.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  at::set_num_threads(limits.threads);
  KeepFreedMemory();
  if (limits.memory_gibibytes > 0) LimitMemory(limits.memory_gibibytes);
  const absl::Status status = work();
  if (!status.ok()) std::cerr << status.message() << "\n";
  std::cerr.flush();
  _exit(status.ok() ? 0 : kFailed);
}

ChildEnd EndBySignal(int signal, std::optional<int64_t> oom_kills_before) {
  const std::optional<int64_t> oom_kills = OomKills();
  if (signal == SIGKILL && oom_kills.has_value() && oom_kills > oom_kills_before) {
    return {OUT_OF_MEMORY, "killed by the system, which ran out of memory"};
  }
  return {ERROR, absl::StrCat("was killed by signal ", signal, " (", strsignal(signal), ")")};
}

}  // namespace

absl::StatusOr<ChildEnd> RunInChild(const ChildLimits& limits,
                                    const std::function<absl::Status()>& work) {
  const std::optional<int64_t> oom_kills_before = OomKills();
  const pid_t parent = getpid(), child = fork();
  if (child < 0) return absl::UnavailableError(absl::StrCat("cannot fork: ", std::strerror(errno)));
  if (child == 0) Live(limits, work, parent);
  const absl::Time deadline = absl::Now() + limits.timeout;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (absl::Now() > deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return ChildEnd{TIMEOUT, absl::StrCat("took longer than ",
                                            absl::FormatDuration(limits.timeout), " (--timeout)")};
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  if (WIFSIGNALED(status)) return EndBySignal(WTERMSIG(status), oom_kills_before);
  if (WEXITSTATUS(status) == 0) return ChildEnd();
  if (WEXITSTATUS(status) == kFailed)
    return absl::AbortedError("the work of a child process failed");
  return ChildEnd{ERROR, absl::StrCat("ended with exit status ", WEXITSTATUS(status))};
}

}  // namespace attribench
