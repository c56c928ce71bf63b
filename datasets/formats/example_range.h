// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_EXAMPLE_RANGE_H_
#define ATTRIBENCH_DATASETS_FORMATS_EXAMPLE_RANGE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace attribench {

// The examples of a file from number `first` (from 0) on, `count` of them.

// InvalidArgument if `count` is below 1 or `first` below 0, or if their sum is above 2^31 - 1, the
// most that a file can hold. `file` starts the message.
absl::Status CheckRange(const std::string& file, int64_t first, int64_t count);

// InvalidArgument: `found`, for example "data.bin: 3 examples", starts the message, which says how
// many are needed and what to change in the setting.
absl::Status TooFewExamples(const std::string& found, int64_t first, int64_t count);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_EXAMPLE_RANGE_H_
