// SPDX-License-Identifier: Apache-2.0
#include "datasets/working_directory.h"

#include <cstdlib>
#include <filesystem>

namespace attribench {

std::string InWorkingDirectory(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return folder == nullptr ? path : (std::filesystem::path(folder) / path).string();
}

}  // namespace attribench
