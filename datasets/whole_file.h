// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_WHOLE_FILE_H_
#define ATTRIBENCH_DATASETS_WHOLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attribench {

// Writes a file completely or not at all. The content goes into a temporary file in the same
// folder, which is flushed to the disk and then renamed to `path`. If the program is killed or the
// disk is full, the old file stays as it was. Creates missing folders. Unavailable if the system
// refuses.
absl::Status WriteWholeFile(const std::string& path, absl::string_view content);

// NotFound if there is no such file, DataLoss if it cannot be read to its end.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// The SHA-256 of `content`, in lower-case hexadecimal digits.
std::string Sha256(absl::string_view content);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_WHOLE_FILE_H_
