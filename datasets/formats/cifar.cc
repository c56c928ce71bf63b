// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/cifar.h"

#include <cerrno>
#include <fstream>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/content_kind.h"
#include "datasets/formats/example_range.h"
#include "datasets/whole_file.h"

namespace attribench {
namespace {

constexpr int64_t kSide = 32, kChannels = 3;
constexpr int64_t kImage = kChannels * kSide * kSide;

struct Format {
  const char* name;
  int64_t label_bytes;
  int64_t label_byte;  // the one that counts
  int64_t classes;

  int64_t record() const { return label_bytes + kImage; }
};

Format FormatOf(CifarFormat format) {
  switch (format) {
    case CIFAR_100:
      return {"CIFAR-100", 2, 1, 100};
    case CIFAR_100_COARSE:
      return {"CIFAR-100", 2, 0, 20};
    default:
      return {"CIFAR-10", 1, 0, 10};
  }
}

using LabelMap = std::vector<std::optional<uint8_t>>;

absl::StatusOr<LabelMap> MapLabels(const std::vector<int64_t>& classes, int64_t all) {
  LabelMap map(all);
  if (classes.empty()) {
    for (int64_t label = 0; label < all; ++label) map[label] = static_cast<uint8_t>(label);
  }
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0 || classes[i] >= all || map[classes[i]].has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("class ", classes[i], " in the list ", absl::StrJoin(classes, ", "),
                       ", must be in [0, ", all - 1, "] and listed once"));
    }
    map[classes[i]] = static_cast<uint8_t>(i);
  }
  return map;
}

// DataLoss if the file does not consist of whole records. Leaves `file` at its start.
absl::Status CheckSize(const std::string& path, const Format& format, std::ifstream& file) {
  file.seekg(0, std::ios::end);
  const int64_t size = file.tellg();
  file.seekg(0);
  if (size % format.record() == 0) return absl::OkStatus();
  std::string what;
  for (const CifarFormat other : {CIFAR_10, CIFAR_100}) {
    if (size % FormatOf(other).record() == 0) {
      what =
          absl::StrCat("; it is in the format of ", FormatOf(other).name, ", whose records have ",
                       FormatOf(other).record(), " bytes: set cifar.format in the setting");
    }
  }
  if (what.empty()) {
    std::string first(kContentKindBytes, '\0');
    file.read(first.data(), static_cast<std::streamsize>(first.size()));
    first.resize(file.gcount());
    if (const std::string kind = ContentKind(first); !kind.empty())
      what = absl::StrCat("; it is ", kind);
  }
  return absl::DataLossError(absl::StrCat(path, ": ", size, " bytes, must be a multiple of ",
                                          format.record(), ", the bytes of a record of ",
                                          format.name, what));
}

}  // namespace

absl::StatusOr<RawImages> ReadCifar(const std::vector<std::string>& paths, CifarFormat cifar_format,
                                    const std::vector<int64_t>& classes, int64_t count,
                                    int64_t first) {
  const std::string names = absl::StrJoin(paths, ", ");
  if (const absl::Status status = CheckRange(names, first, count); !status.ok()) return status;
  const Format format = FormatOf(cifar_format);
  const absl::StatusOr<LabelMap> labels = MapLabels(classes, format.classes);
  if (!labels.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(names, ": ", labels.status().message()));
  }
  RawImages result;
  result.channels = kChannels;
  result.height = result.width = kSide;
  int64_t skipped = 0;
  for (const std::string& path : paths) {
    if (result.size() == count) break;
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return CannotBeRead(path, errno == 0 ? EIO : errno);
    if (const absl::Status status = CheckSize(path, format, file); !status.ok()) return status;
    std::string record(format.record(), '\0');
    for (int64_t number = 0; result.size() < count; ++number) {
      file.read(record.data(), format.record());
      if (file.gcount() < format.record()) break;
      const auto label = static_cast<uint8_t>(record[format.label_byte]);
      if (label >= format.classes) {
        return absl::DataLossError(absl::StrCat(path, ": record ", number, " has label ",
                                                static_cast<int>(label), ", must be in [0, ",
                                                format.classes - 1, "]"));
      }
      if (!(*labels)[label].has_value()) continue;
      if (skipped < first) {
        ++skipped;
        continue;
      }
      result.labels.push_back(*(*labels)[label]);
      result.pixels.insert(result.pixels.end(), record.begin() + format.label_bytes, record.end());
    }
  }
  if (result.size() < count) {
    return TooFewExamples(absl::StrCat(names, ": ", skipped + result.size(), " examples",
                                       classes.empty() ? "" : " of these classes"),
                          first, count);
  }
  return result;
}

}  // namespace attribench
