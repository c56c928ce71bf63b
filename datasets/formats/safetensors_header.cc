// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors_header.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/content_kind.h"
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

// One tensor, with its bytes checked against its shape.
absl::StatusOr<SafetensorsHeader::Tensor> ParseTensor(const nlohmann::json& entry,
                                                      const Range& range, absl::string_view name) {
  SafetensorsHeader::Tensor tensor;
  tensor.dtype = entry["dtype"].get<std::string>();
  tensor.begin = range.begin;
  tensor.end = range.end;
  for (const auto& [type_name, type] : kTypes) {
    if (tensor.dtype != type_name) continue;
    tensor.type = type;
    uint64_t bytes = c10::elementSize(type);
    for (const auto& side : entry["shape"]) {
      const uint64_t size = side.get<uint64_t>();
      if (__builtin_mul_overflow(bytes, size, &bytes) || size > (uint64_t{1} << 40)) {
        return Malformed(name, absl::StrCat("shape of ", range.tensor, " overflows"));
      }
      tensor.shape.push_back(static_cast<int64_t>(size));
    }
    if (range.end - range.begin != bytes) {
      return Malformed(name, absl::StrCat("tensor ", range.tensor, " has offsets [", range.begin,
                                          ", ", range.end, "), must cover its ", bytes, " bytes"));
    }
  }
  return tensor;
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
                           SafetensorsHeader& result) {
  if (!entry.is_object()) return Malformed(name, "__metadata__ is not a JSON object");
  for (const auto& [field, value] : entry.items()) {
    if (!value.is_string())
      return Malformed(name, absl::StrCat("metadata ", field, " is not a string"));
    result.metadata[field] = value.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<uint64_t> SafetensorsHeaderLength(absl::string_view start, uint64_t file_size,
                                                 absl::string_view name) {
  if (start.size() < 8) return Malformed(name, "shorter than 8 bytes");
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i) length |= uint64_t{static_cast<unsigned char>(start[i])} << (8 * i);
  if (length <= file_size - 8) return length;
  const std::string kind = ContentKind(start.substr(0, kContentKindBytes));
  return Malformed(name, kind.empty()
                             ? absl::StrCat("header of ", length, " bytes in a file of ", file_size)
                             : absl::StrCat("it is ", kind));
}

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(absl::string_view text, uint64_t data_size,
                                                         absl::string_view name) {
  const absl::StatusOr<nlohmann::json> header = ParseHeader(text, name);
  if (!header.ok()) return header.status();
  SafetensorsHeader result;
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
    if (range.begin > range.end || range.end > data_size) {
      return Malformed(name, absl::StrCat("tensor ", key, " has offsets [", range.begin, ", ",
                                          range.end, "), must be ascending and end within the ",
                                          data_size, " bytes of data"));
    }
    absl::StatusOr<SafetensorsHeader::Tensor> tensor = ParseTensor(entry, range, name);
    if (!tensor.ok()) return tensor.status();
    result.tensors[key] = *std::move(tensor);
    ranges.push_back(range);
  }
  if (const absl::Status status = CheckCover(std::move(ranges), data_size, name); !status.ok())
    return status;
  return result;
}

std::optional<std::string> SafetensorsTypeName(at::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return std::nullopt;
}

std::string SafetensorsTypeNames() {
  return absl::StrJoin(kTypes, ", ",
                       [](std::string* out, const auto& type) { *out += type.first; });
}

}  // namespace attribench
