// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_HEADER_H_
#define ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "c10/core/ScalarType.h"

namespace attribench {

// What the header of a safetensors file says; see safetensors.h.
struct SafetensorsHeader {
  struct Tensor {
    std::string dtype;                   // by the format's name: "F32"
    std::optional<at::ScalarType> type;  // absent if safetensors.h does not support it
    std::vector<int64_t> shape;          // empty if the type is absent
    uint64_t begin = 0, end = 0;         // bytes of the data
  };
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// The length of the header of a file with `file_size` bytes. `start` is its first
// kContentKindBytes bytes, or the whole file if it is shorter. The header follows after 8 bytes,
// and the data after the header. InvalidArgument, with `name` in front, if the length cannot be
// right.
absl::StatusOr<uint64_t> SafetensorsHeaderLength(absl::string_view start, uint64_t file_size,
                                                 absl::string_view name);

// Parses the header and checks it, as ParseSafetensors demands, against the size of the data that
// follow it. InvalidArgument, with `name` in front, if it is malformed.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view text, uint64_t data_size,
                                                         absl::string_view name);

// The format's name of a type; absent if the type is not supported.
std::optional<std::string> SafetensorsTypeName(at::ScalarType type);

// "BOOL, U8, ...": the names of all types that are supported.
std::string SafetensorsTypeNames();

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_FORMATS_SAFETENSORS_HEADER_H_
