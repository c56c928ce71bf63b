// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_IMPORTED_ZOO_H_
#define ATTRIBENCH_DATASETS_ZOO_IMPORTED_ZOO_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/manifest.pb.h"
#include "datasets/zoo/zoo.h"

namespace attribench {

// Files of another program that make a zoo. A tensor has the name of its field, or is the only one
// of its file.
struct ImportedFiles {
  // The training examples of each subset: BOOL or U8 [subsets, train], true for members; or I32 or
  // I64 [subsets, size], their numbers from 0.
  std::string subsets;
  // Outputs of the retrained models on the test examples, larger if the model is better there:
  // [subsets, seeds, test], or [subsets, test] for one seed.
  std::string outputs;
  std::string margins;                   // more of them, for the metric lds_margin; may be empty
  std::vector<std::string> checkpoints;  // of models trained on all examples, in order
  // Of models trained on a part of the examples, usually half, in order; and the training examples
  // of each, in the form of `subsets`.
  std::vector<std::string> half_data_checkpoints;
  std::string half_data_subsets;
  TrainingCost training;    // the mean cost of one training, as far as it is known
  std::string data_digest;  // of the setting's examples; empty if it has none
};

// The ground truth of the files. InvalidArgument, in one sentence that names the file, if a tensor
// has another shape than the setting's numbers give (a transposed one is named as such) or another
// type, if an output is not finite, or if a subset holds no example, all of them, or one twice.
absl::StatusOr<GroundTruth> ImportGroundTruth(const Setting& setting, const ImportedFiles& files);

// Writes the zoo of an imported setting. Everything is checked before anything is written.
// FailedPrecondition if the setting is not imported. AlreadyExists if the folder has a zoo.
// InvalidArgument if there are more or fewer checkpoints of a kind than the setting says. Errors
// also as ImportGroundTruth and ParseCheckpoint.
absl::Status ImportZoo(const Setting& setting, const ImportedFiles& files,
                       const std::string& folder);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_IMPORTED_ZOO_H_
