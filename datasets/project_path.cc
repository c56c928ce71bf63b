// SPDX-License-Identifier: Apache-2.0
#include "datasets/project_path.h"

#include <filesystem>

namespace attribench {

std::string ProjectPath(const std::string& folder) {
  const std::string as_dependency = "external/attribench/" + folder;
  std::error_code error;
  if (!std::filesystem::exists(folder, error) && std::filesystem::exists(as_dependency, error))
    return as_dependency;
  return folder;
}

}  // namespace attribench
