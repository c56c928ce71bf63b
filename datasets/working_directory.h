// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_
#define ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_

#include <string>

namespace attribench {

// `path` relative to the folder in which the user typed the command. `bazel run` starts programs in
// another folder and names the user's in BUILD_WORKING_DIRECTORY. Absolute paths stay as they are.
std::string InWorkingDirectory(const std::string& path);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_
