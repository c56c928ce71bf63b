// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors.h"

#include <cstring>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/whole_file.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"BOOL", at::kBool}, {"U8", at::kByte},   {"I32", at::kInt},    {"I64", at::kLong},
    {"F16", at::kHalf},  {"F32", at::kFloat}, {"F64", at::kDouble},
};

absl::Status Malformed(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, " is not a safetensors file: ", what));
}

std::string KnownTypes() {
  return absl::StrJoin(kTypes, ", ",
                       [](std::string* out, const auto& type) { *out += type.first; });
}

absl::StatusOr<at::Tensor> ParseTensor(const std::string& tensor, const nlohmann::json& entry,
                                       absl::string_view data, absl::string_view name) {
  const auto well_formed = [&] {
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) return false;
    for (const char* key : {"shape", "data_offsets"}) {
      if (!entry.contains(key) || !entry[key].is_array()) return false;
      for (const auto& number : entry[key]) {
        if (!number.is_number_unsigned()) return false;
      }
    }
    return entry["data_offsets"].size() == 2;
  };
  if (!well_formed()) return Malformed(name, absl::StrCat("bad entry for tensor ", tensor));
  const std::string dtype = entry["dtype"].get<std::string>();
  for (const auto& [type_name, type] : kTypes) {
    if (dtype != type_name) continue;
    std::vector<int64_t> shape;
    uint64_t bytes = c10::elementSize(type);
    for (const auto& side : entry["shape"]) {
      const uint64_t size = side.get<uint64_t>();
      if (__builtin_mul_overflow(bytes, size, &bytes) || size > (uint64_t{1} << 40)) {
        return Malformed(name, absl::StrCat("shape of ", tensor, " overflows"));
      }
      shape.push_back(static_cast<int64_t>(size));
    }
    const uint64_t begin = entry["data_offsets"][0].get<uint64_t>();
    const uint64_t end = entry["data_offsets"][1].get<uint64_t>();
    if (begin > end || end > data.size() || end - begin != bytes) {
      return Malformed(name, absl::StrCat("tensor ", tensor, " has offsets [", begin, ", ", end,
                                          "), must cover its ", bytes, " bytes and end within the ",
                                          data.size(), " bytes of data"));
    }
    at::Tensor result = at::empty(shape, at::TensorOptions().dtype(type));
    if (bytes > 0) std::memcpy(result.data_ptr(), data.data() + begin, bytes);
    return result;
  }
  return absl::UnimplementedError(absl::StrCat(name, ": tensor ", tensor, " has type ", dtype,
                                               ", must be one of ", KnownTypes()));
}

}  // namespace

absl::StatusOr<std::string> SerializeSafetensors(const Safetensors& content) {
  nlohmann::json header = nlohmann::json::object();  // sorts its keys
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::string data;
  for (const auto& [name, tensor] : content.tensors) {
    const char* dtype = nullptr;
    for (const auto& [type_name, type] : kTypes) {
      if (tensor.scalar_type() == type) dtype = type_name;
    }
    if (dtype == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", name, " has type ",
                                                     c10::toString(tensor.scalar_type()),
                                                     ", must be one of ", KnownTypes()));
    }
    const at::Tensor dense = tensor.detach().cpu().contiguous();
    const size_t begin = data.size();
    data.append(static_cast<const char*>(dense.data_ptr()), dense.nbytes());
    header[name] = {
        {"dtype", dtype}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(uint64_t{text.size()} >> (8 * i));
  return absl::StrCat(bytes, text, data);
}

absl::StatusOr<Safetensors> ParseSafetensors(absl::string_view bytes, absl::string_view name) {
  if (bytes.size() < 8) return Malformed(name, "shorter than 8 bytes");
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i) length |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  if (length > bytes.size() - 8) {
    return Malformed(name,
                     absl::StrCat("header of ", length, " bytes in a file of ", bytes.size()));
  }
  const absl::string_view text = bytes.substr(8, length);
  const absl::string_view data = bytes.substr(8 + length);
  const nlohmann::json header =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return Malformed(name, "its header is not a JSON object");
  Safetensors result;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      if (!entry.is_object()) return Malformed(name, "__metadata__ is not a JSON object");
      for (const auto& [field, value] : entry.items()) {
        if (!value.is_string())
          return Malformed(name, absl::StrCat("metadata ", field, " is not a string"));
        result.metadata[field] = value.get<std::string>();
      }
      continue;
    }
    absl::StatusOr<at::Tensor> tensor = ParseTensor(key, entry, data, name);
    if (!tensor.ok()) return tensor.status();
    result.tensors[key] = *std::move(tensor);
  }
  return result;
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
