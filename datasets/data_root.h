// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_DATA_ROOT_H_
#define ATTRIBENCH_DATASETS_DATA_ROOT_H_

#include <string>

namespace attribench {

// The folder that holds the data files, in one folder per dataset: the flag --data_root, else the
// environment variable ATTRIBENCH_DATA_MIRROR, else where Bazel puts the repositories of WORKSPACE.
std::string DataRoot();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_DATA_ROOT_H_
