// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/example_range.h"

#include "absl/strings/str_cat.h"

namespace attribench {

constexpr int64_t kMaxExamples = 0x7FFFFFFF;

absl::Status CheckRange(const std::string& file, int64_t first, int64_t count) {
  if (count < 1 || count > kMaxExamples) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the number of examples is ", count,
                                                   ", must be from 1 to ", kMaxExamples));
  }
  if (first < 0 || first > kMaxExamples - count) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the first example is number ", first,
                                                   ", must be from 0 to ", kMaxExamples - count));
  }
  return absl::OkStatus();
}

absl::Status TooFewExamples(const std::string& found, int64_t first, int64_t count) {
  std::string message = absl::StrCat(found, ", must be at least ", first + count);
  if (first > 0) {
    absl::StrAppend(&message, " (", count, " from number ", first,
                    " on): lower first_train or num_train of the setting, or first_test or "
                    "num_test if these are test files");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace attribench
