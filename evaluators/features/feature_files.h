// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_FILES_H_
#define ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/formats/safetensors_file.h"

namespace attribench {

// Features of examples (gradients, or projections of them) in safetensors files, which may be
// larger than memory. Every tensor has a row for each example; whatever lies below its first
// dimension are the columns. Several tensors of a file are groups of columns, such as a layer each.
// Several files are shards: their rows follow one another in the order of the paths.
class FeatureFiles {
 public:
  struct Group {
    std::string name;  // of its tensor
    int64_t columns = 0;
  };

  // InvalidArgument, in one sentence that names the file, if a file has no tensor, a tensor is no
  // matrix of F16, BF16, F32 or F64, its tensors differ in their number of rows, or a shard has
  // other groups than the first. Errors also as SafetensorsFile::Open.
  static absl::StatusOr<FeatureFiles> Open(const std::vector<std::string>& paths);

  int64_t num_rows() const { return num_rows_; }
  const std::vector<Group>& groups() const { return groups_; }
  int64_t num_columns() const;  // of all groups

  // Columns [begin, end) of a group for these rows, which ascend: [rows, end - begin], float64 if
  // the file has that type, else float32. DataLoss, with the place, if a number is not finite.
  // Errors also as SafetensorsFile::Columns.
  absl::StatusOr<at::Tensor> Read(size_t group, const std::vector<int64_t>& rows, int64_t begin,
                                  int64_t end) const;

  // OK if the other files have the same groups. InvalidArgument names the first difference.
  absl::Status CheckSameGroups(const FeatureFiles& other) const;

 private:
  std::vector<SafetensorsFile> shards_;
  std::vector<int64_t> first_rows_;  // of each shard, and at the end num_rows_
  std::vector<Group> groups_;        // by name
  int64_t num_rows_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_FEATURES_FEATURE_FILES_H_
