// SPDX-License-Identifier: Apache-2.0
#include "datasets/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace attribench {

std::string ProgressLine(int64_t done, int64_t total, absl::Duration elapsed, int width) {
  const double share = total > 0 ? std::min(1.0, static_cast<double>(done) / total) : 1;
  const int filled = static_cast<int>(share * width);
  std::string line =
      absl::StrFormat("[%s%s] %3d%%  %d/%d", std::string(filled, '#'),
                      std::string(width - filled, '.'), static_cast<int>(share * 100), done, total);
  if (done >= total) {
    absl::StrAppend(&line, "  took ", absl::FormatDuration(absl::Trunc(elapsed, absl::Seconds(1))));
  } else if (done > 0) {
    const absl::Duration left = elapsed * ((1 - share) / share);
    absl::StrAppend(&line, "  time left ",
                    absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))));
  }
  return line;
}

ProgressBar::ProgressBar(std::string title, int64_t total)
    : title_(std::move(title)),
      total_(total),
      terminal_(isatty(STDERR_FILENO)),
      start_(absl::Now()),
      next_(start_ + absl::Seconds(2)) {}

ProgressBar::~ProgressBar() {
  absl::MutexLock lock(&mutex_);
  if (drawn_) Draw(absl::Now(), /*last=*/true);
}

void ProgressBar::Advance(int64_t steps) {
  absl::MutexLock lock(&mutex_);
  done_ += steps;
  const absl::Time now = absl::Now();
  if (now < next_) return;
  next_ = now + (terminal_ ? absl::Milliseconds(100) : absl::Seconds(10));
  Draw(now, /*last=*/false);
}

void ProgressBar::Draw(absl::Time now, bool last) {
  drawn_ = true;
  const std::string line = absl::StrCat(title_, " ", ProgressLine(done_, total_, now - start_, 30));
  if (terminal_) {
    absl::FPrintF(stderr, "\r\033[K%s%s", line, last ? "\n" : "");
  } else {
    absl::FPrintF(stderr, "%s\n", line);
  }
  std::fflush(stderr);
}

}  // namespace attribench
