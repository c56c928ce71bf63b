// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_
#define ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/removal.pb.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/sensitivity.pb.h"

namespace attribench {

struct ResultFile {
  std::string path;
  MethodResult result;
};

// Reads all results in `paths`, ordered by path. Each path is a file that holds one MethodResult as
// text (WriteTextProto writes it), or a folder: then all files *.textproto below it are read. A
// file that is listed twice is read once.
//
// NotFound names a path that does not exist, or says that `paths` hold no result. InvalidArgument
// names the file and the line if a file is not a MethodResult, or the file if its result has no
// setting or no method.
absl::StatusOr<std::vector<ResultFile>> ReadResultFiles(const std::vector<std::string>& paths);

// As ReadResultFiles, for sensitivity studies. InvalidArgument also names a file whose first point
// is not the one with all defaults, and a second study of one method in one setting.
absl::StatusOr<std::vector<MethodSensitivity>> ReadSensitivityFiles(
    const std::vector<std::string>& paths);

// As ReadResultFiles, for removal studies, by setting and method. InvalidArgument also names a
// second study of one method in one setting.
absl::StatusOr<std::vector<MethodRemoval>> ReadRemovalFiles(const std::vector<std::string>& paths);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_
