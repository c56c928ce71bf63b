// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_PROJECT_PATH_H_
#define ATTRIBENCH_DATASETS_PROJECT_PATH_H_

#include <string>

namespace attribench {

// The path of a folder of this project for a running program: `folder` itself if the project is the
// workspace, external/attribench/<folder> if it is a dependency of another workspace. `folder` if
// neither exists.
std::string ProjectPath(const std::string& folder);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_PROJECT_PATH_H_
