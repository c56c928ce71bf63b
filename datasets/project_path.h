// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_PROJECT_PATH_H_
#define ATTRIBENCH_DATASETS_PROJECT_PATH_H_

#include <string>

namespace attribench {

// Where a folder of this project lies for a program that runs: `folder` below the current folder
// where the project is the workspace itself, external/attribench/<folder> where it is a dependency
// of another one. The first where neither exists.
std::string ProjectPath(const std::string& folder);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_PROJECT_PATH_H_
