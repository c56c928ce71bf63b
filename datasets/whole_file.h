// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_WHOLE_FILE_H_
#define ATTRIBENCH_DATASETS_WHOLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attribench {

// Files are there whole or not at all: the content goes to a temporary file beside `path`, which is
// flushed to the disk and then renamed over it. A kill or a full disk leaves the old file as it
// was. Makes missing folders.
absl::Status WriteWholeFile(const std::string& path, absl::string_view content);

// NotFound where there is no such file, DataLoss where it cannot be read to its end.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// The SHA-256 of `content`, in lower-case hexadecimal digits.
std::string Sha256(absl::string_view content);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_WHOLE_FILE_H_
