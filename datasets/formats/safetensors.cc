// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors.h"

#include <cstring>
#include <optional>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/safetensors_header.h"
#include "datasets/whole_file.h"
#include "nlohmann/json.hpp"

namespace attribench {

absl::StatusOr<std::string> SerializeSafetensors(const Safetensors& content) {
  nlohmann::json header = nlohmann::json::object();  // sorts its keys
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::string data;
  for (const auto& [name, tensor] : content.tensors) {
    const std::optional<std::string> dtype = SafetensorsTypeName(tensor.scalar_type());
    if (!dtype.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", name, " has type ",
                                                     c10::toString(tensor.scalar_type()),
                                                     ", must be one of ", SafetensorsTypeNames()));
    }
    const at::Tensor dense = tensor.detach().cpu().contiguous();
    const size_t begin = data.size();
    data.append(static_cast<const char*>(dense.data_ptr()), dense.nbytes());
    header[name] = {
        {"dtype", *dtype}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(uint64_t{text.size()} >> (8 * i));
  return absl::StrCat(bytes, text, data);
}

absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes, absl::string_view name) {
  const absl::StatusOr<uint64_t> length = SafetensorsHeaderLength(bytes, bytes.size(), name);
  if (!length.ok()) return length.status();
  const absl::string_view data = bytes.substr(8 + *length);
  absl::StatusOr<SafetensorsHeader> header =
      ParseSafetensorsHeader(bytes.substr(8, *length), data.size(), name);
  if (!header.ok()) return header.status();
  Safetensors result;
  result.metadata = std::move(header->metadata);
  for (const auto& [tensor, place] : header->tensors) {
    if (!place.type.has_value()) {
      result.other_types[tensor] = place.dtype;
      continue;
    }
    at::Tensor value = at::empty(place.shape, at::TensorOptions().dtype(*place.type));
    if (place.end > place.begin) {
      std::memcpy(value.data_ptr(), data.data() + place.begin, place.end - place.begin);
    }
    result.tensors[tensor] = std::move(value);
  }
  return result;
}

absl::StatusOr<at::Tensor> FindTensor(const Safetensors& content, const std::string& tensor,
                                      absl::string_view name) {
  if (const auto found = content.tensors.find(tensor); found != content.tensors.end())
    return found->second;
  if (const auto other = content.other_types.find(tensor); other != content.other_types.end()) {
    return absl::UnimplementedError(absl::StrCat(name, ": tensor ", tensor, " has type ",
                                                 other->second, ", must be one of ",
                                                 SafetensorsTypeNames()));
  }
  return absl::NotFoundError(
      absl::StrCat(name, ": no tensor ", tensor, "; the file has ",
                   absl::StrJoin(content.tensors, ", ",
                                 [](std::string* out, const auto& one) { *out += one.first; })));
}

absl::Status WriteSafetensors(const std::string& path, const Safetensors& content) {
  const absl::StatusOr<std::string> bytes = SerializeSafetensors(content);
  if (!bytes.ok()) return bytes.status();
  return WriteWholeFile(path, *bytes);
}

absl::StatusOr<Safetensors> ReadSafetensors(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(path);
  if (!bytes.ok()) return bytes.status();
  return ParseSafetensors(*bytes, path);
}

}  // namespace attribench
