// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_SUBMISSION_H_
#define ATTRIBENCH_LEADERBOARD_SUBMISSION_H_

#include <vector>

#include "absl/status/status.h"
#include "benchmarks/result_files.h"

namespace attribench {

// Whether results that someone else made can stand beside the recorded ones. They are data and not
// trusted. InvalidArgument names the file and the field if
// - a file has more than kLargestSubmission bytes, or a name (of the method, a tuner, a metric, a
//   hyperparameter) is not made of up to 64 lower-case letters, digits and underscores,
// - a message or a hyperparameter's value has more than 500 bytes or a control character,
// - the setting is not one of the recorded ones,
// - the provenance does not say program version, LibTorch, date and the digests of the files,
// - the result is not as CheckResult demands, or does not fit the recorded ones (MakeBoard): other
//   facts or files of the setting, or an entry that is recorded already.
absl::Status CheckSubmission(const std::vector<ResultFile>& submitted,
                             const std::vector<ResultFile>& recorded);

inline constexpr int64_t kLargestSubmission = 4 << 20;

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_SUBMISSION_H_
