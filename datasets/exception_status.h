// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_
#define ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace attribench {

// What a library threw, as a status: ResourceExhausted where memory could not be had, else
// Internal. The message is `what_failed`, a colon and the first line of the exception's own
// (LibTorch appends a stack trace).
absl::Status StatusOfException(const std::exception& exception, absl::string_view what_failed);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_
