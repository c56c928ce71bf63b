// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/idx.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kLabelsMagic = 0x00000801;
constexpr int64_t kMaxSide = 65536;
constexpr int64_t kChunk = 1 << 20;

class Reader {
 public:
  static absl::StatusOr<Reader> Open(const std::string& path) {
    errno = 0;
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) {
      const int error = errno == 0 ? ENOMEM : errno;  // zlib does not set errno if memory runs out
      return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot be opened"));
    }
    return Reader(path, file);
  }

  // Appends the next `size` bytes.
  absl::Status Read(int64_t size, std::vector<uint8_t>& bytes) {
    while (size > 0) {
      const int64_t chunk = std::min(size, kChunk);
      const size_t old_size = bytes.size();
      bytes.resize(old_size + chunk);
      const int got = gzread(file_.get(), bytes.data() + old_size, static_cast<unsigned>(chunk));
      if (got < 0) return Corrupt();
      position_ += got;
      if (got < chunk) {
        return absl::DataLossError(absl::StrCat(path_, ": ends after ", position_,
                                                " bytes, must have at least ",
                                                position_ - got + size));
      }
      size -= chunk;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> ReadNumber() {
    std::vector<uint8_t> b;
    if (absl::Status status = Read(4, b); !status.ok()) return status;
    return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | uint32_t{b[3]};
  }

  absl::Status ExpectMagic(uint32_t expected) {
    const absl::StatusOr<uint32_t> magic = ReadNumber();
    if (!magic.ok()) return magic.status();
    if (*magic != expected) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": magic number 0x", absl::Hex(*magic, absl::kZeroPad8),
                       ", must be 0x", absl::Hex(expected, absl::kZeroPad8)));
    }
    return absl::OkStatus();
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
    const int got = gzread(file_.get(), &byte, 1);
    int error = Z_OK;
    gzerror(file_.get(), &error);
    if (got < 0 || error == Z_BUF_ERROR) return Corrupt();
    if (got > 0) {
      return absl::DataLossError(absl::StrCat(path_, ": goes on after the ", position_,
                                              " bytes that its header announces"));
    }
    return absl::OkStatus();
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };

  Reader(const std::string& path, gzFile file) : path_(path), file_(file) {}

  absl::Status Corrupt() {
    int error;
    return absl::DataLossError(absl::StrCat(path_, ": cannot be unpacked after byte ", position_,
                                            ": ", gzerror(file_.get(), &error)));
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  int64_t position_ = 0;  // in the unpacked bytes
};

}  // namespace

absl::StatusOr<RawImages> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                  int64_t first_n) {
  if (first_n < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(images_path, ": first_n is ", first_n, ", must be at least 1"));
  }
  absl::StatusOr<Reader> images = Reader::Open(images_path);
  if (!images.ok()) return images.status();
  absl::StatusOr<Reader> labels = Reader::Open(labels_path);
  if (!labels.ok()) return labels.status();

  if (absl::Status status = images->ExpectMagic(kImagesMagic); !status.ok()) return status;
  const absl::StatusOr<uint32_t> count = images->ReadNumber();
  if (!count.ok()) return count.status();
  const absl::StatusOr<int64_t> height = images->ReadSide("height");
  if (!height.ok()) return height.status();
  const absl::StatusOr<int64_t> width = images->ReadSide("width");
  if (!width.ok()) return width.status();
  if (absl::Status status = labels->ExpectMagic(kLabelsMagic); !status.ok()) return status;
  const absl::StatusOr<uint32_t> label_count = labels->ReadNumber();
  if (!label_count.ok()) return label_count.status();

  if (*label_count != *count) {
    return absl::InvalidArgumentError(absl::StrCat(
        labels_path, ": ", *label_count, " labels, must be ", *count, " as in ", images_path));
  }
  if (*count < first_n) {
    return absl::InvalidArgumentError(
        absl::StrCat(images_path, ": ", *count, " examples, must be at least ", first_n));
  }
  const int64_t max_examples = std::numeric_limits<int64_t>::max() / (*height * *width);
  if (first_n > max_examples) {
    return absl::InvalidArgumentError(absl::StrCat(images_path, ": first_n is ", first_n,
                                                   ", must be at most ", max_examples,
                                                   " with images of this size"));
  }

  RawImages result;
  result.height = *height;
  result.width = *width;
  absl::Status status = labels->Read(first_n, result.labels);
  if (!status.ok()) return status;
  status = images->Read(first_n * *height * *width, result.pixels);
  if (!status.ok()) return status;
  if (first_n == *count) {
    if (status = images->ExpectEnd(); !status.ok()) return status;
    if (status = labels->ExpectEnd(); !status.ok()) return status;
  }
  return result;
}

}  // namespace attribench
