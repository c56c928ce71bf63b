// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_PROGRESS_BAR_H_
#define ATTRIBENCH_DATASETS_PROGRESS_BAR_H_

#include <cstdint>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace attribench {

// Shows the progress of a long job and its remaining time on standard error. On a terminal, one
// line is redrawn; in a log, a new line appears every ten seconds. Nothing appears in the first two
// seconds. Several threads may call Advance.
class ProgressBar {
 public:
  ProgressBar(std::string title, int64_t total);
  // Ends the line, if there is one.
  ~ProgressBar();

  void Advance(int64_t steps = 1);

 private:
  void Draw(absl::Time now, bool last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string title_;
  const int64_t total_;
  const bool terminal_;
  const absl::Time start_;
  absl::Mutex mutex_;
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool drawn_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_ ABSL_GUARDED_BY(mutex_);
};

// The text of a progress bar, with `width` characters between the brackets:
// "[#####.....]  50%  12/24  time left 3m10s".
std::string ProgressLine(int64_t done, int64_t total, absl::Duration elapsed, int width);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_PROGRESS_BAR_H_
