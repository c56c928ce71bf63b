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

// Named tensors and a few strings beside them: the content of a safetensors file, the field's
// format without code in it (8 bytes: the header's length, little-endian; a JSON header; raw
// little-endian data). Python reads it with safetensors.torch.load_file.
struct Safetensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// The same content gives the same bytes: names in order, no gaps, the header padded to 8 bytes.
// bool, uint8, int32, int64, float16, float32 and float64 tensors; others are InvalidArgument.
absl::StatusOr<std::string> SerializeSafetensors(const Safetensors& content);

// Checks every offset, shape and type against the bytes that are there; `name` (a file's, say) goes
// into the message. InvalidArgument for what is not safetensors, Unimplemented for other types.
absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes, absl::string_view name);

absl::Status WriteSafetensors(const std::string& path, const Safetensors& content);
absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_H_
