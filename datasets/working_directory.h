// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_
#define ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_

#include <string>

namespace attribench {

// `path` as the user meant it: relative to where they stand, also under `bazel run`, which starts
// programs elsewhere.
std::string InWorkingDirectory(const std::string& path);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_WORKING_DIRECTORY_H_
