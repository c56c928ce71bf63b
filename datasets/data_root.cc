// SPDX-License-Identifier: Apache-2.0
#include "datasets/data_root.h"

#include <cstdlib>

#include "absl/flags/flag.h"
#include "datasets/working_directory.h"

ABSL_FLAG(std::string, data_root, "",
          "folder with the data files, one folder per dataset; default: $ATTRIBENCH_DATA_MIRROR");

namespace attribench {

std::string DataRoot() {
  if (const std::string flag = absl::GetFlag(FLAGS_data_root); !flag.empty())
    return InWorkingDirectory(flag);
  if (const char* mirror = std::getenv("ATTRIBENCH_DATA_MIRROR"); mirror != nullptr && *mirror != 0)
    return InWorkingDirectory(mirror);
  return "external";
}

}  // namespace attribench
