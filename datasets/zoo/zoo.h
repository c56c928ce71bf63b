// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_ZOO_H_
#define ATTRIBENCH_DATASETS_ZOO_ZOO_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/manifest.pb.h"

namespace attribench {

// The outputs of the retrained models: m subsets, s seeds, n training and t test examples.
struct GroundTruth {
  at::Tensor subsets;        // [m, n] bool: which training examples a subset holds
  at::Tensor negative_loss;  // [m, s, t] float32: -cross-entropy; larger is better
  // [m, s, t] float32: z_y - logsumexp_{j != y} z_j. negative_loss is an increasing function of it,
  // so both rank the models of one seed alike: LDS with the margin differs only by the mean over
  // seeds. Undefined in an imported zoo that has none.
  at::Tensor margin;

  int64_t num_subsets() const { return subsets.size(0); }
  int64_t num_seeds() const { return negative_loss.size(1); }
};

// A setting's trained checkpoints and its ground truth, as files in one folder:
//   manifest.textproto, ground_truth.safetensors, checkpoints/{full,half,run}_<i>.safetensors,
//   and half_data_examples.safetensors in an imported zoo that has half-data checkpoints.
// Each file is compared with its SHA-256 in the manifest when it is read, and its numbers must be
// finite. DataLoss names a file that is wrong. Checkpoints are numbered from 0; OutOfRange says how
// many of that kind there are.
class Zoo {
 public:
  // NotFound if the folder has no manifest. FailedPrecondition if the zoo was made by another
  // recipe than the setting's.
  static absl::StatusOr<Zoo> Open(const std::string& folder, const Setting& setting);

  const Manifest& manifest() const { return manifest_; }

  // Trained on all training examples.
  absl::StatusOr<Parameters> FullDataCheckpoint(int64_t index) const;
  // Trained on a random half of the training examples; each on another half.
  absl::StatusOr<Parameters> HalfDataCheckpoint(int64_t index) const;
  // From the training of full-data checkpoint 0. Number 0 is the end of that training (the same
  // model); higher numbers are earlier epochs, evenly spaced.
  absl::StatusOr<Parameters> AlongRunCheckpoint(int64_t index) const;

  // The training examples that half-data checkpoint `index` was trained on: [n] bool, like a row of
  // GroundTruth::subsets, with n / 2 (rounded down) of them true. The halves are not
  // stored. They follow from the setting (see subset_plan.h). The manifest's recipe digest covers
  // the numbers of the setting that decide the halves, so a zoo with other halves does not open.
  // An imported zoo has them in a file, and they may be of any size. OutOfRange as for
  // HalfDataCheckpoint.
  absl::StatusOr<at::Tensor> HalfDataExamples(int64_t index) const;

  absl::StatusOr<GroundTruth> ReadGroundTruth() const;

  // FailedPrecondition if `data` are not the examples that the zoo was made from, by the data
  // digest of the manifest. The message has both digests. Every program that uses a zoo together
  // with examples calls this first.
  absl::Status CheckData(const DatasetSplit& data) const;

  // Reads the whole zoo. OK if the manifest lists the files that the setting gives; if every file
  // of the manifest is there with its checksum; if every checkpoint has exactly the model's
  // parameters, by name and shape; and if all numbers of checkpoints and ground truth are finite.
  // DataLoss says which file is wrong, where, and how.
  absl::Status Verify() const;

 private:
  absl::StatusOr<std::string> ReadChecked(const std::string& path) const;
  // The training examples of an imported zoo's half-data checkpoints, [num_half_data, n] bool.
  absl::StatusOr<at::Tensor> ReadHalfDataExamples() const;
  absl::StatusOr<Parameters> ReadCheckpoint(const std::string& path) const;
  absl::Status CheckIndex(int64_t count, const std::string& kind, int64_t index) const;
  absl::StatusOr<Parameters> Checkpoint(int64_t count, const std::string& kind,
                                        int64_t index) const;

  std::string folder_;
  Setting setting_;
  Manifest manifest_;
};

// The model's parameters from a safetensors file that has exactly these, by name and shape.
// DataLoss names `path` and what is wrong.
absl::StatusOr<Parameters> ParseCheckpoint(const std::string& bytes, const std::string& path,
                                           const ModelSpec& spec);

// Paths inside a zoo's folder.
std::string CheckpointPath(const std::string& job_name);
inline constexpr char kGroundTruthPath[] = "ground_truth.safetensors";
inline constexpr char kHalfDataExamplesPath[] = "half_data_examples.safetensors";
inline constexpr char kManifestPath[] = "manifest.textproto";

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_ZOO_H_
