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

// Loads the data of a setting: draws glyphs, or reads files under `data_root`/<folder>.
//
// NotFound says which file is missing and how to get it. InvalidArgument or DataLoss says what is
// wrong with a file (see formats/). InvalidArgument also says if the setting's model does not fit
// the data: images of another size, or labels beyond its classes.
absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_DATASET_H_
