// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/idx.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "datasets/formats/content_kind.h"
#include "datasets/formats/example_range.h"
#include "datasets/formats/unpacked_file.h"

namespace attribench {
namespace {

constexpr int64_t kMaxCount = 0x7FFFFFFF;  // four bytes with a sign
constexpr int64_t kMaxSide = 65536;
constexpr int64_t kChunk = 1 << 20;

// What a file must hold.
struct Content {
  uint32_t magic;
  const char* name;
  const char* dimensions;
};
constexpr Content kImages = {0x00000803, "images", "3 dimensions (count, height, width)"};
constexpr Content kLabels = {0x00000801, "labels", "1 dimension (count)"};

class Reader {
 public:
  static absl::StatusOr<Reader> Open(const std::string& path) {
    absl::StatusOr<UnpackedFile> file = UnpackedFile::Open(path);
    if (!file.ok()) return file.status();
    return Reader(path, *std::move(file));
  }

  // Appends the next `size` bytes.
  absl::Status Read(int64_t size, std::vector<uint8_t>& bytes) {
    while (size > 0) {
      const int64_t chunk = std::min(size, kChunk);
      const size_t old_size = bytes.size();
      bytes.resize(old_size + chunk);
      const absl::StatusOr<int64_t> got = file_.Read(bytes.data() + old_size, chunk);
      if (!got.ok()) return got.status();
      position_ += *got;
      if (*got < chunk) {
        return absl::DataLossError(absl::StrCat(path_, ": ends after ", position_,
                                                " bytes, must have at least ",
                                                position_ - *got + size));
      }
      size -= chunk;
    }
    return absl::OkStatus();
  }

  // Reads over the next `size` bytes.
  absl::Status Skip(int64_t size) {
    for (std::vector<uint8_t> bytes; size > 0; bytes.clear()) {
      const int64_t chunk = std::min(size, kChunk);
      if (absl::Status status = Read(chunk, bytes); !status.ok()) return status;
      size -= chunk;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> ReadNumber() {
    std::vector<uint8_t> b;
    if (absl::Status status = Read(4, b); !status.ok()) return status;
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | uint32_t{b[3]};
  }

  absl::Status ExpectMagic(const Content& expected) {
    const absl::StatusOr<uint32_t> magic = ReadNumber();
    if (!magic.ok()) return magic.status();
    if (*magic == expected.magic) return absl::OkStatus();
    const std::string kind = ContentKind(FirstBytes(*magic));
    if (kind.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": magic number 0x", absl::Hex(*magic, absl::kZeroPad8),
                       ", must be 0x", absl::Hex(expected.magic, absl::kZeroPad8)));
    }
    constexpr uint32_t kUnsignedBytes = 0x08;
    const bool idx = absl::StartsWith(kind, "IDX");
    if (idx && *magic >> 8 == kUnsignedBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          path_, ": ", kind, ", must have ", expected.dimensions, " to be ", expected.name));
    }
    if (idx) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": ", kind, ", but only unsigned bytes are read"));
    }
    // A gzipped file is unpacked once, so what is left is the inner one.
    const bool twice = kind == "gzip-compressed";
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": is ", twice ? "gzip inside gzip" : kind, ", must be an IDX file of ",
                     expected.name, ", plain or gzipped once"));
  }

  absl::StatusOr<int64_t> ReadCount() {
    const absl::StatusOr<uint32_t> count = ReadNumber();
    if (!count.ok()) return count.status();
    if (*count > kMaxCount) {
      return absl::InvalidArgumentError(absl::StrCat(
          path_, ": count ", static_cast<int32_t>(*count), ", must be in [0, ", kMaxCount, "]"));
    }
    return int64_t{*count};
  }

  absl::StatusOr<int64_t> ReadSide(const char* name) {
    const absl::StatusOr<uint32_t> side = ReadNumber();
    if (!side.ok()) return side.status();
    if (*side < 1 || *side > kMaxSide) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": ", name, " ", *side, ", must be in [1, ", kMaxSide, "]"));
    }
    return int64_t{*side};
  }

  absl::Status ExpectEnd() {
    uint8_t byte;
    const absl::StatusOr<int64_t> got = file_.Read(&byte, 1);
    if (!got.ok()) return got.status();
    if (*got > 0) {
      return absl::DataLossError(absl::StrCat(path_, ": goes on after the ", position_,
                                              " bytes that its header announces"));
    }
    return absl::OkStatus();
  }

 private:
  Reader(const std::string& path, UnpackedFile file) : path_(path), file_(std::move(file)) {}

  // The start of the content, of which `magic` was read. For messages: it reads on.
  std::string FirstBytes(uint32_t magic) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(magic >> shift);
    std::vector<uint8_t> more(kContentKindBytes);
    const absl::StatusOr<int64_t> got = file_.Read(more.data(), kContentKindBytes);
    if (got.ok()) bytes.append(more.begin(), more.begin() + *got);
    return bytes;
  }

  std::string path_;
  UnpackedFile file_;
  int64_t position_ = 0;  // in the unpacked bytes
};

}  // namespace

absl::StatusOr<RawImages> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                  int64_t count, int64_t first) {
  if (const absl::Status status = CheckRange(images_path, first, count); !status.ok())
    return status;
  absl::StatusOr<Reader> images = Reader::Open(images_path);
  if (!images.ok()) return images.status();
  absl::StatusOr<Reader> labels = Reader::Open(labels_path);
  if (!labels.ok()) return labels.status();

  if (absl::Status status = images->ExpectMagic(kImages); !status.ok()) return status;
  const absl::StatusOr<int64_t> image_count = images->ReadCount();
  if (!image_count.ok()) return image_count.status();
  const absl::StatusOr<int64_t> height = images->ReadSide("height");
  if (!height.ok()) return height.status();
  const absl::StatusOr<int64_t> width = images->ReadSide("width");
  if (!width.ok()) return width.status();
  if (absl::Status status = labels->ExpectMagic(kLabels); !status.ok()) return status;
  const absl::StatusOr<int64_t> label_count = labels->ReadCount();
  if (!label_count.ok()) return label_count.status();

  if (*label_count != *image_count) {
    return absl::InvalidArgumentError(absl::StrCat(labels_path, ": ", *label_count,
                                                   " labels, must be ", *image_count, " as in ",
                                                   images_path));
  }
  if (*image_count < first + count) {
    return TooFewExamples(absl::StrCat(images_path, ": ", *image_count, " examples"), first, count);
  }
  RawImages result;
  result.height = *height;
  result.width = *width;
  const int64_t image = *height * *width;
  absl::Status status = labels->Skip(first);
  if (status.ok()) status = labels->Read(count, result.labels);
  if (status.ok()) status = images->Skip(first * image);
  if (status.ok()) status = images->Read(count * image, result.pixels);
  if (!status.ok()) return status;
  if (first + count == *image_count) {
    if (status = images->ExpectEnd(); !status.ok()) return status;
    if (status = labels->ExpectEnd(); !status.ok()) return status;
  }
  return result;
}

}  // namespace attribench
