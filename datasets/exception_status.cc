// SPDX-License-Identifier: Apache-2.0
#include "datasets/exception_status.h"

#include <new>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace attribench {

absl::Status StatusOfException(const std::exception& exception, absl::string_view what_failed) {
  const std::string what = exception.what();
  const std::string message = absl::StrCat(what_failed, ": ", what.substr(0, what.find('\n')));
  const bool no_memory = dynamic_cast<const std::bad_alloc*>(&exception) != nullptr ||
                         absl::StrContains(what, "allocate memory") ||
                         absl::StrContains(what, "out of memory");  // CUDA's
  return no_memory ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

}  // namespace attribench
