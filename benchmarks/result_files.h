// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_
#define ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"

namespace attribench {

// Reads the results in `paths`, each a file that holds one MethodResult as text, or a folder, which
// stands for all files *.textproto below it. In the order of their names; a file reached twice is
// read once.
//
// NotFound names a path that does not exist, or says that there is no result in all of `paths`.
// InvalidArgument names a file and the line at which it is no MethodResult, or a file whose result
// states no setting or no method.
absl::StatusOr<std::vector<MethodResult>> ReadResultFiles(const std::vector<std::string>& paths);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_RESULT_FILES_H_
