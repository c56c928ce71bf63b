// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_FILE_H_
#define ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/formats/safetensors_header.h"

namespace attribench {

// A safetensors file that may be larger than memory: the header is read at once, tensors when they
// are asked for.
class SafetensorsFile {
 public:
  // Errors as ReadSafetensors.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const SafetensorsHeader& header() const { return header_; }

  // Rows [begin, end) of a tensor along its first dimension, in its own type. NotFound,
  // Unimplemented as FindTensor; DataLoss if the file has become shorter; OutOfRange for other
  // rows.
  absl::StatusOr<at::Tensor> Rows(const std::string& tensor, int64_t begin, int64_t end) const;
  // Elements [begin, end) of each of these rows, a row being everything below the first dimension:
  // [rows, end - begin]. `rows` ascend. Errors as Rows.
  absl::StatusOr<at::Tensor> Columns(const std::string& tensor, const std::vector<int64_t>& rows,
                                     int64_t begin, int64_t end) const;
  // All of it.
  absl::StatusOr<at::Tensor> Read(const std::string& tensor) const;

 private:
  absl::StatusOr<const SafetensorsHeader::Tensor*> Find(const std::string& tensor) const;
  absl::Status ReadBytes(uint64_t begin, uint64_t size, void* to) const;

  std::string path_;
  std::shared_ptr<const int> descriptor_;  // closed with the last copy
  uint64_t data_begin_ = 0;
  SafetensorsHeader header_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_FILE_H_
