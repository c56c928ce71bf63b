// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/cifar.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

constexpr int64_t kClasses = 10, kSide = 32, kChannels = 3;
constexpr int64_t kRecord = 1 + kChannels * kSide * kSide;

using LabelMap = std::array<std::optional<uint8_t>, kClasses>;

absl::StatusOr<LabelMap> MapLabels(const std::vector<int64_t>& classes) {
  LabelMap map;
  if (classes.empty()) {
    for (int64_t label = 0; label < kClasses; ++label) map[label] = static_cast<uint8_t>(label);
  }
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0 || classes[i] >= kClasses || map[classes[i]].has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("class ", classes[i], " in the list ",
                                                     absl::StrJoin(classes, ", "),
                                                     ", must be in [0, 9] and listed once"));
    }
    map[classes[i]] = static_cast<uint8_t>(i);
  }
  return map;
}

}  // namespace

absl::StatusOr<RawImages> ReadCifar(const std::vector<std::string>& paths,
                                    const std::vector<int64_t>& classes, int64_t first_n) {
  const std::string names = absl::StrJoin(paths, ", ");
  if (first_n < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(names, ": first_n is ", first_n, ", must be at least 1"));
  }
  const absl::StatusOr<LabelMap> labels = MapLabels(classes);
  if (!labels.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(names, ": ", labels.status().message()));
  }
  RawImages result;
  result.channels = kChannels;
  result.height = result.width = kSide;
  for (const std::string& path : paths) {
    if (result.size() == first_n) break;
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                                 absl::StrCat(path, ": cannot be opened"));
    }
    std::array<char, kRecord> record;
    for (int64_t number = 0; result.size() < first_n; ++number) {
      file.read(record.data(), kRecord);
      if (file.gcount() == 0 && file.eof()) break;
      if (file.gcount() < kRecord) {
        return absl::DataLossError(absl::StrCat(path, ": ends after ", file.gcount(),
                                                " bytes of record ", number, ", must have ",
                                                kRecord));
      }
      const auto label = static_cast<uint8_t>(record[0]);
      if (label >= kClasses) {
        return absl::DataLossError(absl::StrCat(path, ": record ", number, " has label ",
                                                static_cast<int>(label), ", must be in [0, 9]"));
      }
      if (!(*labels)[label].has_value()) continue;
      result.labels.push_back(*(*labels)[label]);
      result.pixels.insert(result.pixels.end(), record.begin() + 1, record.end());
    }
  }
  if (result.size() < first_n) {
    return absl::InvalidArgumentError(absl::StrCat(names, ": ", result.size(), " examples",
                                                   classes.empty() ? "" : " of these classes",
                                                   ", must be at least ", first_n));
  }
  return result;
}

}  // namespace attribench
