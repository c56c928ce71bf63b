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
// The functions below support bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32
// and float64 tensors.
struct Safetensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
  // Of a file that was read: tensors of other types, each with the format's name of its type
  // ("U16"). Their values are not read.
  std::map<std::string, std::string> other_types = {};
};

// The same content always gives the same bytes: names in order, no gaps, the header padded to a
// multiple of 8 bytes. InvalidArgument for other types of tensors.
absl::StatusOr<std::string> SerializeSafetensors(const Safetensors& content);

// Checks every offset, shape and type against the bytes. As the format says, no two tensors have
// the same name, and together they cover the data: no byte is in two tensors or in none.
// InvalidArgument if `bytes` is malformed; the message starts with `name`, for example the path.
absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes, absl::string_view name);

// The same for a file; errors also as in whole_file.h.
absl::Status WriteSafetensors(const std::string& path, const Safetensors& content);
absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path);

// The tensor `tensor` of a file that was read. NotFound if there is none, Unimplemented if it has
// another type than those above; the message starts with `name`.
absl::StatusOr<at::Tensor> FindTensor(const Safetensors& content, const std::string& tensor,
                                      absl::string_view name);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_H_
