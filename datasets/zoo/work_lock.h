// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_WORK_LOCK_H_
#define ATTRIBENCH_DATASETS_ZOO_WORK_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace attribench {

// Says to other processes that this one works in a folder, until it is destroyed or the process
// ends. It is a lock (flock) on the file <folder>/work.lock, which names the process. The last one
// to leave removes the file.
class WorkLock {
 public:
  enum class Kind {
    kAlone,     // nobody else may work in the folder
    kTogether,  // others of this kind may
  };

  // Creates the folder if it is missing. AlreadyExists if another process holds the folder:
  // "another retrain (pid 12 on node3) is at work in <folder>". `program` is the word for both.
  // Where the file system has no locks, it prints that to standard error and goes on without.
  static absl::StatusOr<WorkLock> Take(const std::string& folder, Kind kind,
                                       const std::string& program);
  WorkLock(WorkLock&& other) noexcept;
  WorkLock& operator=(WorkLock&&) = delete;
  ~WorkLock();

 private:
  WorkLock(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;  // -1: holds nothing
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_WORK_LOCK_H_
