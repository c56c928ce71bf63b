// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_DATASET_H_
#define ATTRIBENCH_DATASETS_DATASET_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Labelled examples.
struct Dataset {
  at::Tensor inputs;  // [n, channels, height, width] float32, normalised
  at::Tensor labels;  // [n] int64

  int64_t size() const { return labels.size(0); }
};

// The two splits of a setting.
struct DatasetSplit {
  Dataset train;
  Dataset test;
};

// Reads or draws the setting's data. Files are looked for under `data_root`/<folder>; NotFound says
// which file is missing and how to get it, InvalidArgument what is wrong with its content, or where
// the setting's model takes other images or has fewer classes.
absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_DATASET_H_
