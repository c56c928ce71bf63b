// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_
#define ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace attribench {

// Turns an exception of a library into a status: ResourceExhausted if memory ran out, otherwise
// Internal. The message is "`what_failed`: " and the first line of the exception's message (the
// other lines of LibTorch's messages are a stack trace).
absl::Status StatusOfException(const std::exception& exception, absl::string_view what_failed);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_EXCEPTION_STATUS_H_
