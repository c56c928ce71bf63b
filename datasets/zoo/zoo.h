// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_ZOO_H_
#define ATTRIBENCH_DATASETS_ZOO_ZOO_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/manifest.pb.h"

namespace attribench {

// The outputs of the retrained models. m subsets, s seeds, t test examples.
struct GroundTruth {
  at::Tensor subsets;        // [m, n] bool: which training examples a subset holds
  at::Tensor negative_loss;  // [m, s, t] float32: -cross-entropy, larger is better
  at::Tensor margin;         // [m, s, t] float32: z_y - logsumexp_{j != y} z_j

  int64_t num_subsets() const { return subsets.size(0); }
  int64_t num_seeds() const { return negative_loss.size(1); }
};

// A setting's trained checkpoints and its ground truth, as files in one folder:
//   manifest.textproto, ground_truth.safetensors, checkpoints/{full,half,run}_<i>.safetensors.
// Every file is checked against the manifest's SHA-256 when it is read: DataLoss names the one that
// differs.
class Zoo {
 public:
  // NotFound where there is no manifest; FailedPrecondition where it was made by another recipe.
  static absl::StatusOr<Zoo> Open(const std::string& folder, const Setting& setting);

  const Manifest& manifest() const { return manifest_; }
  // OutOfRange says how many there are.
  absl::StatusOr<Parameters> FullDataCheckpoint(int64_t index) const;
  absl::StatusOr<Parameters> HalfDataCheckpoint(int64_t index) const;
  // Along the training of full-data model 0: number 0 is its end (that model), higher numbers lie
  // further back, at equal distances.
  absl::StatusOr<Parameters> AlongRunCheckpoint(int64_t index) const;
  absl::StatusOr<GroundTruth> ReadGroundTruth() const;
  // OK when every file is there with its checksum.
  absl::Status Verify() const;

 private:
  absl::StatusOr<std::string> ReadChecked(const std::string& path) const;
  absl::StatusOr<Parameters> Checkpoint(int64_t count, const std::string& kind,
                                        int64_t index) const;

  std::string folder_;
  Setting setting_;
  Manifest manifest_;
};

// Paths in a zoo's folder.
std::string CheckpointPath(const std::string& job_name);
inline constexpr char kGroundTruthPath[] = "ground_truth.safetensors";
inline constexpr char kManifestPath[] = "manifest.textproto";

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_ZOO_H_
