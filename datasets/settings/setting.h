// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_
#define ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Reads a setting: one of this project by its name (datasets/settings/<name>.textproto), any other
// by the path of its .textproto file. NotFound lists the known names. InvalidArgument gives the
// line of a syntax error, or what ValidateSetting says.
absl::StatusOr<Setting> LoadSetting(const std::string& name_or_path);

// Checks the name and every number of a setting. InvalidArgument says the field, its value and the
// bound.
absl::Status ValidateSetting(const Setting& setting);

// Whether the setting has neither examples nor a model: it is for judging scores (see `imported`).
bool IsForScoresOnly(const Setting& setting);

// The number of training examples that label_noise gives another label.
int64_t NumWrongLabels(const DatasetSource& source);

// The number of training examples in a subset: plan.subset_fraction * num_train, rounded down;
// num_train - 1 with plan.leave_one_out.
int64_t SubsetSize(const SubsetPlan& plan, int64_t num_train);

// The SHA-256 of everything in a setting that decides the bytes of its zoo: all fields except name,
// description, dataset.name, dataset.synthetic, dataset.data_digest and the URLs. If it changes,
// the zoo must be made again. (A label noise of 0 is the same as none.)
std::string RecipeDigest(const Setting& setting);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_SETTINGS_SETTING_H_
