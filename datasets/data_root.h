// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_DATA_ROOT_H_
#define ATTRIBENCH_DATASETS_DATA_ROOT_H_

#include <string>

namespace attribench {

// The folder with the data files, which has one folder per dataset. It is the value of the flag
// --data_root (which this library defines), otherwise of the environment variable
// ATTRIBENCH_DATA_MIRROR (both relative to the folder in which the user typed the command),
// otherwise "external", where Bazel puts the repositories of WORKSPACE.
std::string DataRoot();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_DATA_ROOT_H_
