// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_ZOO_WRITER_H_
#define ATTRIBENCH_DATASETS_ZOO_ZOO_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "datasets/formats/safetensors.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/manifest.pb.h"
#include "datasets/zoo/zoo.h"

namespace attribench {

// Writes the files of a zoo, and last the manifest that lists them. Errors as WriteWholeFile.
class ZooWriter {
 public:
  ZooWriter(const Setting& setting, const std::string& data_digest, const std::string& folder);

  // All but `files`, which the other functions fill in.
  Manifest& manifest() { return manifest_; }

  // `name` as TrainingJob::Name, or "run_03".
  absl::Status WriteCheckpoint(const std::string& name, const Parameters& parameters);
  // An undefined margin is left out.
  absl::Status WriteGroundTruth(const GroundTruth& truth);
  // The training examples of each half-data checkpoint of an imported zoo, [checkpoints, n] bool.
  absl::Status WriteHalfDataExamples(const at::Tensor& examples);
  absl::Status WriteManifest() const;

 private:
  absl::Status Write(const std::string& path, const Safetensors& content);

  std::string folder_;
  at::ScalarType checkpoint_type_;
  Manifest manifest_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_ZOO_WRITER_H_
