// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_H_
#define ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_H_

#include <map>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attribench {

// The content of a safetensors file: named tensors and some strings. The format holds data only, no
// code: 8 bytes with the length of the header (little-endian), a JSON header, then the raw
// little-endian data. Python reads such a file with safetensors.torch.load_file.
//
// The functions below support bool, uint8, int32, int64, float16, float32 and float64 tensors.
struct Safetensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// The same content always gives the same bytes: names in order, no gaps, the header padded to a
// multiple of 8 bytes. InvalidArgument for other types of tensors.
absl::StatusOr<std::string> SerializeSafetensors(const Safetensors& content);

// Checks every offset, shape and type against the bytes. InvalidArgument if `bytes` is malformed,
// Unimplemented for other types of tensors; the message starts with `name`, for example the path.
absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes, absl::string_view name);

// The same for a file; errors also as in whole_file.h.
absl::Status WriteSafetensors(const std::string& path, const Safetensors& content);
absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_H_
