// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/content_kind.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

struct Kind {
  absl::string_view first_bytes;
  const char* name;
};

constexpr Kind kKinds[] = {
    {"version https://git-lfs", "a Git LFS pointer (fetch the file itself: git lfs pull)"},
    {"\x1f\x8b", "gzip-compressed"},
    {"BZh", "bzip2-compressed"},
    {"\xfd"
     "7zXZ",
     "xz-compressed"},
    {"\x28\xb5\x2f\xfd", "zstd-compressed"},
    {"PK\x03\x04", "a ZIP archive (as PyTorch's .pt files and NumPy's .npz files are)"},
    {"\x93NUMPY", "a NumPy array"},
    {"\x80\x02", "a Python pickle"},
    {"\x80\x04", "a Python pickle"},
    {"\x89HDF", "an HDF5 file"},
    {"PAR1", "a Parquet file"},
    {"\x89PNG", "a PNG image"},
};

// The types of IDX, by their third byte.
const char* IdxType(char byte) {
  switch (byte) {
    case 0x08:
      return "unsigned bytes";
    case 0x09:
      return "signed bytes";
    case 0x0B:
      return "16-bit integers";
    case 0x0C:
      return "32-bit integers";
    case 0x0D:
      return "32-bit floating-point numbers";
    case 0x0E:
      return "64-bit floating-point numbers";
    default:
      return nullptr;
  }
}

}  // namespace

std::string ContentKind(absl::string_view first_bytes) {
  if (first_bytes.size() >= 4 && first_bytes[0] == 0 && first_bytes[1] == 0 &&
      IdxType(first_bytes[2]) != nullptr && first_bytes[3] >= 1) {
    const int dimensions = first_bytes[3];
    return absl::StrCat("IDX of ", IdxType(first_bytes[2]), " with ", dimensions,
                        dimensions == 1 ? " dimension" : " dimensions");
  }
  for (const Kind& kind : kKinds) {
    if (absl::StartsWith(first_bytes, kind.first_bytes)) return kind.name;
  }
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(first_bytes);
  for (const char* start : {"<!doctype", "<html", "<?xml", "<head"}) {
    if (absl::StartsWithIgnoreCase(text, start)) return "a web page";
  }
  return "";
}

}  // namespace attribench
