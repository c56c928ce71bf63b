// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_REMOVAL_TRAININGS_H_
#define ATTRIBENCH_DATASETS_ZOO_REMOVAL_TRAININGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/settings/setting.pb.h"

namespace attribench {

// Models that were trained without some of the training examples, [sets, seeds, test].
struct OutputsWithout {
  at::Tensor margin;       // float32, as in GroundTruth
  at::Tensor correct;      // bool: the largest logit is that of the label
  double cpu_seconds = 0;  // of all these trainings, on the machines that made them
};

// Trains a setting's model without some of its training examples when somebody asks for it, and
// keeps the outputs in files, so that nothing is trained twice. A file is named after the SHA-256
// of what was trained: recipe, data, removed examples and seed. Several programs may share a
// folder.
class RemovalTrainings {
 public:
  // Keeps references. `folder` is made if it is not there.
  RemovalTrainings(const Setting& setting, const DatasetSplit& data, std::string folder,
                   int num_workers);

  // One training for each set of removed examples, ascending, and each of num_seeds seeds. Examples
  // are those of ExamplesWithout; all trainings of one seed share its random streams. A file that
  // is damaged is reported on standard error and made again. The program may be killed at any
  // moment: what was finished stays. Errors as RunTrainingJobs and whole_file.h.
  absl::StatusOr<OutputsWithout> Without(const std::vector<std::vector<int64_t>>& removed,
                                         int64_t num_seeds);

  // The trainings that were run, and not read.
  int64_t num_trained() const { return num_trained_; }

 private:
  const Setting& setting_;
  const DatasetSplit& data_;
  const std::string folder_;
  const int num_workers_;
  int64_t num_trained_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_REMOVAL_TRAININGS_H_
