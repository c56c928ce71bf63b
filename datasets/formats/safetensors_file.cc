// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/safetensors_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/content_kind.h"
#include "datasets/whole_file.h"

namespace attribench {

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return CannotBeRead(path, errno);
  SafetensorsFile file;
  file.path_ = path;
  file.descriptor_ = std::shared_ptr<const int>(new int(descriptor), [](const int* one) {
    close(*one);
    delete one;
  });
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return CannotBeRead(path, errno);
  if (S_ISDIR(facts.st_mode)) return CannotBeRead(path, EISDIR);
  const auto size = static_cast<uint64_t>(facts.st_size);
  std::string start(std::min<uint64_t>(size, kContentKindBytes), '\0');
  if (absl::Status status = file.ReadBytes(0, start.size(), &start[0]); !status.ok()) return status;
  const absl::StatusOr<uint64_t> length = SafetensorsHeaderLength(start, size, path);
  if (!length.ok()) return length.status();
  std::string text(*length, '\0');
  if (absl::Status status = file.ReadBytes(8, *length, &text[0]); !status.ok()) return status;
  file.data_begin_ = 8 + *length;
  absl::StatusOr<SafetensorsHeader> header =
      ParseSafetensorsHeader(text, size - file.data_begin_, path);
  if (!header.ok()) return header.status();
  file.header_ = *std::move(header);
  return file;
}

absl::Status SafetensorsFile::ReadBytes(uint64_t begin, uint64_t size, void* to) const {
  char* place = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = pread(*descriptor_, place, size, static_cast<off_t>(begin));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotBeRead(path_, errno);
    if (got == 0) {
      return absl::DataLossError(
          absl::StrCat(path_, " ends at byte ", begin, ": it became shorter while it was read"));
    }
    place += got;
    begin += got;
    size -= got;
  }
  return absl::OkStatus();
}

absl::StatusOr<const SafetensorsHeader::Tensor*> SafetensorsFile::Find(
    const std::string& tensor) const {
  const auto found = header_.tensors.find(tensor);
  if (found == header_.tensors.end()) {
    return absl::NotFoundError(
        absl::StrCat(path_, ": no tensor ", tensor, "; the file has ",
                     absl::StrJoin(header_.tensors, ", ",
                                   [](std::string* out, const auto& one) { *out += one.first; })));
  }
  if (!found->second.type.has_value()) {
    return absl::UnimplementedError(absl::StrCat(path_, ": tensor ", tensor, " has type ",
                                                 found->second.dtype, ", must be one of ",
                                                 SafetensorsTypeNames()));
  }
  return &found->second;
}

absl::StatusOr<at::Tensor> SafetensorsFile::Rows(const std::string& tensor, int64_t begin,
                                                 int64_t end) const {
  const absl::StatusOr<const SafetensorsHeader::Tensor*> found = Find(tensor);
  if (!found.ok()) return found.status();
  const SafetensorsHeader::Tensor& place = **found;
  if (place.shape.empty() || begin < 0 || end < begin || end > place.shape[0]) {
    return absl::OutOfRangeError(
        absl::StrCat(path_, ": tensor ", tensor, " has ",
                     place.shape.empty() ? "no rows" : absl::StrCat(place.shape[0], " rows"),
                     ", asked for ", begin, " to ", end));
  }
  std::vector<int64_t> shape = place.shape;
  shape[0] = end - begin;
  at::Tensor rows = at::empty(shape, at::TensorOptions().dtype(*place.type));
  const uint64_t row = place.shape[0] == 0 ? 0 : (place.end - place.begin) / place.shape[0];
  const absl::Status status =
      ReadBytes(data_begin_ + place.begin + begin * row, (end - begin) * row, rows.data_ptr());
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<at::Tensor> SafetensorsFile::Columns(const std::string& tensor,
                                                    const std::vector<int64_t>& rows, int64_t begin,
                                                    int64_t end) const {
  const absl::StatusOr<const SafetensorsHeader::Tensor*> found = Find(tensor);
  if (!found.ok()) return found.status();
  const SafetensorsHeader::Tensor& place = **found;
  const int64_t num_rows = place.shape.empty() ? 0 : place.shape[0];
  const auto element = static_cast<int64_t>(c10::elementSize(*place.type));
  const int64_t columns =
      num_rows == 0 ? 0 : static_cast<int64_t>(place.end - place.begin) / num_rows / element;
  if (begin < 0 || end < begin || end > columns || (!rows.empty() && rows.back() >= num_rows)) {
    return absl::OutOfRangeError(absl::StrCat(path_, ": tensor ", tensor, " is [", num_rows, ", ",
                                              columns, "], asked for columns ", begin, " to ",
                                              end));
  }
  const auto num_asked = static_cast<int64_t>(rows.size());
  at::Tensor values = at::empty({num_asked, end - begin}, at::TensorOptions().dtype(*place.type));
  char* to = static_cast<char*>(values.data_ptr());
  const int64_t bytes = (end - begin) * element;
  for (int64_t i = 0, next = 0; i < num_asked; i = next) {
    // Whole rows next to each other are read together.
    for (next = i + 1;
         bytes == columns * element && next < num_asked && rows[next] == rows[next - 1] + 1;) {
      ++next;
    }
    const uint64_t from = data_begin_ + place.begin + (rows[i] * columns + begin) * element;
    const absl::Status status = ReadBytes(from, (next - i) * bytes, to);
    if (!status.ok()) return status;
    to += (next - i) * bytes;
  }
  return values;
}

absl::StatusOr<at::Tensor> SafetensorsFile::Read(const std::string& tensor) const {
  const absl::StatusOr<const SafetensorsHeader::Tensor*> found = Find(tensor);
  if (!found.ok()) return found.status();
  if (!(*found)->shape.empty()) return Rows(tensor, 0, (*found)->shape[0]);
  at::Tensor value = at::empty({}, at::TensorOptions().dtype(*(*found)->type));
  const absl::Status status =
      ReadBytes(data_begin_ + (*found)->begin, (*found)->end - (*found)->begin, value.data_ptr());
  if (!status.ok()) return status;
  return value;
}

}  // namespace attribench
