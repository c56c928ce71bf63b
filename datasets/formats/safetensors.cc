// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/content_kind.h"
#include "datasets/whole_file.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"BOOL", at::kBool}, {"U8", at::kByte},    {"I8", at::kChar},       {"I16", at::kShort},
    {"I32", at::kInt},   {"I64", at::kLong},   {"BF16", at::kBFloat16}, {"F16", at::kHalf},
    {"F32", at::kFloat}, {"F64", at::kDouble},
};

absl::Status Malformed(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(name, " is not a safetensors file: ", what));
}

std::string KnownTypes() {
  return absl::StrJoin(kTypes, ", ",
                       [](std::string* out, const auto& type) { *out += type.first; });
}

// The bytes [begin, end) of the data.
struct Range {
  uint64_t begin;
  uint64_t end;
  std::string tensor;
};

bool WellFormed(const nlohmann::json& entry) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) return false;
  for (const char* key : {"shape", "data_offsets"}) {
    if (!entry.contains(key) || !entry[key].is_array()) return false;
    for (const auto& number : entry[key]) {
      if (!number.is_number_unsigned()) return false;
    }
  }
  return entry["data_offsets"].size() == 2;
}

// Adds one tensor to `result`.
absl::Status ParseTensor(const nlohmann::json& entry, const Range& range, absl::string_view data,
                         absl::string_view name, Safetensors& result) {
  const std::string& tensor = range.tensor;
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
    if (range.end - range.begin != bytes) {
      return Malformed(name, absl::StrCat("tensor ", tensor, " has offsets [", range.begin, ", ",
                                          range.end, "), must cover its ", bytes, " bytes"));
    }
    at::Tensor value = at::empty(shape, at::TensorOptions().dtype(type));
    if (bytes > 0) std::memcpy(value.data_ptr(), data.data() + range.begin, bytes);
    result.tensors[tensor] = std::move(value);
    return absl::OkStatus();
  }
  result.other_types[tensor] = dtype;
  return absl::OkStatus();
}

// Malformed if the tensors do not cover all `size` bytes of the data, each once.
absl::Status CheckCover(std::vector<Range> ranges, uint64_t size, absl::string_view name) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  Range before = {0, 0, ""};
  for (const Range& range : ranges) {
    if (range.begin < before.end) {
      return Malformed(name,
                       absl::StrCat("tensors ", before.tensor, " and ", range.tensor,
                                    " overlap: both have byte ", range.begin, " of the data"));
    }
    if (range.begin > before.end) {
      return Malformed(name, absl::StrCat("bytes ", before.end, " to ", range.begin - 1,
                                          " of the data, before tensor ", range.tensor,
                                          ", belong to no tensor"));
    }
    before = range;
  }
  if (before.end < size) {
    return Malformed(name, absl::StrCat(size - before.end,
                                        " bytes after the last tensor belong to "
                                        "no tensor"));
  }
  return absl::OkStatus();
}

// The header as JSON. Malformed if it is none, or if an object has two entries of one name.
absl::StatusOr<nlohmann::json> ParseHeader(absl::string_view text, absl::string_view name) {
  std::vector<std::set<std::string>> keys;  // of each object that is open
  std::string twice;
  const auto callback = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key &&
        !keys.back().insert(value.get<std::string>()).second) {
      twice = value.get<std::string>();
    }
    return true;
  };
  nlohmann::json header =
      nlohmann::json::parse(text.begin(), text.end(), callback, /*allow_exceptions=*/false);
  if (!header.is_object()) return Malformed(name, "its header is not a JSON object");
  if (!twice.empty()) return Malformed(name, absl::StrCat("its header has ", twice, " twice"));
  return header;
}

absl::Status ParseMetadata(const nlohmann::json& entry, absl::string_view name,
                           Safetensors& result) {
  if (!entry.is_object()) return Malformed(name, "__metadata__ is not a JSON object");
  for (const auto& [field, value] : entry.items()) {
    if (!value.is_string())
      return Malformed(name, absl::StrCat("metadata ", field, " is not a string"));
    result.metadata[field] = value.get<std::string>();
  }
  return absl::OkStatus();
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
    const std::string kind = ContentKind(bytes.substr(0, kContentKindBytes));
    return Malformed(name, kind.empty() ? absl::StrCat("header of ", length, " bytes in a file of ",
                                                       bytes.size())
                                        : absl::StrCat("it is ", kind));
  }
  const absl::string_view data = bytes.substr(8 + length);
  const absl::StatusOr<nlohmann::json> header = ParseHeader(bytes.substr(8, length), name);
  if (!header.ok()) return header.status();
  Safetensors result;
  std::vector<Range> ranges;
  for (const auto& [key, entry] : header->items()) {
    if (key == "__metadata__") {
      const absl::Status status = ParseMetadata(entry, name, result);
      if (!status.ok()) return status;
      continue;
    }
    if (!WellFormed(entry)) return Malformed(name, absl::StrCat("bad entry for tensor ", key));
    const Range range = {entry["data_offsets"][0].get<uint64_t>(),
                         entry["data_offsets"][1].get<uint64_t>(), key};
    if (range.begin > range.end || range.end > data.size()) {
      return Malformed(name, absl::StrCat("tensor ", key, " has offsets [", range.begin, ", ",
                                          range.end, "), must be ascending and end within the ",
                                          data.size(), " bytes of data"));
    }
    const absl::Status status = ParseTensor(entry, range, data, name, result);
    if (!status.ok()) return status;
    ranges.push_back(range);
  }
  if (const absl::Status status = CheckCover(std::move(ranges), data.size(), name); !status.ok())
    return status;
  return result;
}

absl::StatusOr<at::Tensor> FindTensor(const Safetensors& content, const std::string& tensor,
                                      absl::string_view name) {
  if (const auto found = content.tensors.find(tensor); found != content.tensors.end())
    return found->second;
  if (const auto other = content.other_types.find(tensor); other != content.other_types.end()) {
    return absl::UnimplementedError(absl::StrCat(name, ": tensor ", tensor, " has type ",
                                                 other->second, ", must be one of ", KnownTypes()));
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
