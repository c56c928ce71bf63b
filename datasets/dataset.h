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
  // The examples with the numbers in `index` ([m] int64), in its order.
  Dataset Rows(const at::Tensor& index) const;
};

// The two splits of a setting.
struct DatasetSplit {
  Dataset train;
  Dataset test;
  // The SHA-256 of all examples, before pixels are scaled and after label noise: see data_digest in
  // datasets/zoo/manifest.proto.
  // Empty if LoadDataset did not make this split.
  std::string digest = "";
};

// Loads the data of a setting: draws glyphs, or reads files under `data_root`/<folder>. Then it
// makes some training labels wrong, if the setting has label noise.
//
// NotFound says which file is missing and how to get it. InvalidArgument or DataLoss says what is
// wrong with a file (see formats/). InvalidArgument also says if the setting's model does not fit
// the data: images of another size, or labels beyond its classes. DataLoss also says if the setting
// names a data digest and the examples have another.
absl::StatusOr<DatasetSplit> LoadDataset(const Setting& setting, const std::string& data_root);

// Which training examples have a wrong label by the setting's label noise: [num_train] bool.
at::Tensor MislabelledExamples(const DatasetSource& source);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_DATASET_H_
