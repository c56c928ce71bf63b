// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/zoo_writer.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/environment.h"
#include "datasets/settings/setting.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"

namespace attribench {

ZooWriter::ZooWriter(const Setting& setting, const std::string& data_digest,
                     const std::string& folder)
    : folder_(folder),
      checkpoint_type_(setting.checkpoints().precision() == FLOAT16 ? at::kHalf : at::kFloat) {
  manifest_.set_setting(setting.name());
  manifest_.set_recipe_digest(RecipeDigest(setting));
  manifest_.set_data_digest(data_digest);
  *manifest_.mutable_environment() = DescribeEnvironment();
}

absl::Status ZooWriter::WriteCheckpoint(const std::string& name, const Parameters& parameters) {
  Safetensors checkpoint;
  for (const Parameter& parameter : parameters) {
    checkpoint.tensors[parameter.name] = parameter.value.to(checkpoint_type_);
  }
  return Write(CheckpointPath(name), checkpoint);
}

absl::Status ZooWriter::WriteGroundTruth(const GroundTruth& truth) {
  Safetensors content;
  content.tensors = {{"subsets", truth.subsets}, {"negative_loss", truth.negative_loss}};
  if (truth.margin.defined()) content.tensors["margin"] = truth.margin;
  return Write(kGroundTruthPath, content);
}

absl::Status ZooWriter::WriteHalfDataExamples(const at::Tensor& examples) {
  return Write(kHalfDataExamplesPath, {{{"subsets", examples}}, {}});
}

absl::Status ZooWriter::WriteManifest() const {
  return WriteTextProto(absl::StrCat(folder_, "/", kManifestPath), manifest_);
}

absl::Status ZooWriter::Write(const std::string& path, const Safetensors& content) {
  const absl::StatusOr<std::string> bytes = SerializeSafetensors(content);
  if (!bytes.ok()) return bytes.status();
  Manifest::File* file = manifest_.add_files();
  file->set_path(path);
  file->set_sha256(Sha256(*bytes));
  return WriteWholeFile(absl::StrCat(folder_, "/", path), *bytes);
}

}  // namespace attribench
