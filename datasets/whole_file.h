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

// NotFound if there is no such file; PermissionDenied, InvalidArgument (a folder) and so on if the
// system refuses to read it. The message names the file and the reason.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// The status of ReadWholeFile, for other readers of files: `error` is the system's error number.
absl::Status CannotBeRead(const std::string& path, int error);

// The SHA-256 of `content`, in lower-case hexadecimal digits.
std::string Sha256(absl::string_view content);
// The same of a file, which may be larger than memory. Errors as ReadWholeFile.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_WHOLE_FILE_H_
