// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_
#define ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_

#include <string>

#include "absl/status/statusor.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Reads a setting of this project by its name (datasets/settings/<name>.textproto, where Bazel puts
// it), or any by the path of its .textproto file. NotFound lists the names there
// are; InvalidArgument names the field, its value and the bound.
absl::StatusOr<Setting> LoadSetting(const std::string& name_or_path);

// Checks every number of a setting.
absl::Status ValidateSetting(const Setting& setting);

// The SHA-256 of all that decides the bytes of a zoo (the setting without name and description).
std::string RecipeDigest(const Setting& setting);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_
