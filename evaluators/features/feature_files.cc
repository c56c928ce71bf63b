// SPDX-License-Identifier: Apache-2.0
#include "evaluators/features/feature_files.h"

#include <algorithm>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

absl::Status Wrong(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

// The number of rows of all tensors.
absl::StatusOr<int64_t> CheckTensors(const SafetensorsFile& file) {
  const auto& tensors = file.header().tensors;
  if (tensors.empty()) return Wrong(file.path(), "has no tensor; it must have features");
  const auto& [first_name, first] = *tensors.begin();
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.type.has_value() || !at::isFloatingType(*tensor.type)) {
      return Wrong(file.path(), absl::StrCat("tensor ", name, " has type ", tensor.dtype,
                                             ", must be F16, BF16, F32 or F64"));
    }
    if (tensor.shape.size() < 2 || tensor.begin == tensor.end) {
      return Wrong(file.path(),
                   absl::StrCat("tensor ", name, " is [", absl::StrJoin(tensor.shape, ", "),
                                "], must have a row of features for each example"));
    }
    if (tensor.shape[0] != first.shape[0]) {
      return Wrong(file.path(),
                   absl::StrCat("tensor ", name, " has ", tensor.shape[0], " rows and ", first_name,
                                " has ", first.shape[0], "; all must have a row for each example"));
    }
  }
  return first.shape[0];
}

std::vector<FeatureFiles::Group> GroupsOf(const SafetensorsFile& file) {
  std::vector<FeatureFiles::Group> groups;
  for (const auto& [name, tensor] : file.header().tensors) {
    int64_t columns = 1;
    for (size_t i = 1; i < tensor.shape.size(); ++i) columns *= tensor.shape[i];
    groups.push_back({name, columns});
  }
  return groups;
}

std::string Text(const std::vector<FeatureFiles::Group>& groups) {
  return absl::StrJoin(groups, ", ", [](std::string* text, const FeatureFiles::Group& group) {
    absl::StrAppend(text, group.name, " of ", group.columns, " columns");
  });
}

bool AreSame(const std::vector<FeatureFiles::Group>& a, const std::vector<FeatureFiles::Group>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.name == other.name && one.columns == other.columns;
  });
}

}  // namespace

absl::StatusOr<FeatureFiles> FeatureFiles::Open(const std::vector<std::string>& paths) {
  FeatureFiles files;
  if (paths.empty()) return absl::InvalidArgumentError("no file of features is named");
  for (const std::string& path : paths) {
    absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Open(path);
    if (!file.ok()) return file.status();
    const absl::StatusOr<int64_t> rows = CheckTensors(*file);
    if (!rows.ok()) return rows.status();
    const std::vector<Group> groups = GroupsOf(*file);
    if (files.shards_.empty()) files.groups_ = groups;
    if (!AreSame(groups, files.groups_)) {
      return Wrong(
          path, absl::StrCat("has ", Text(groups), "; the first shard has ", Text(files.groups_)));
    }
    files.first_rows_.push_back(files.num_rows_);
    files.num_rows_ += *rows;
    files.shards_.push_back(*std::move(file));
  }
  files.first_rows_.push_back(files.num_rows_);
  return files;
}

int64_t FeatureFiles::num_columns() const {
  int64_t columns = 0;
  for (const Group& group : groups_) columns += group.columns;
  return columns;
}

absl::StatusOr<at::Tensor> FeatureFiles::Read(size_t group, const std::vector<int64_t>& rows,
                                              int64_t begin, int64_t end) const {
  const std::string& name = groups_[group].name;
  std::vector<at::Tensor> parts;
  auto next = rows.begin();
  for (size_t s = 0; s < shards_.size() && next != rows.end(); ++s) {
    const auto last = std::lower_bound(next, rows.end(), first_rows_[s + 1]);
    if (last == next) continue;
    std::vector<int64_t> of_shard(next, last);
    for (int64_t& row : of_shard) row -= first_rows_[s];
    const absl::StatusOr<at::Tensor> values = shards_[s].Columns(name, of_shard, begin, end);
    if (!values.ok()) return values.status();
    at::Tensor part = values->scalar_type() == at::kDouble ? *values : values->to(at::kFloat);
    // A sum is not finite if a number is not; it may overflow otherwise too.
    if (!part.sum().isfinite().item<bool>() && !part.isfinite().all().item<bool>()) {
      const at::Tensor place = part.isfinite().logical_not().nonzero()[0];
      return absl::DataLossError(absl::StrCat(
          shards_[s].path(), ": tensor ", name, " is not finite at [",
          of_shard[place[0].item<int64_t>()], ", ", begin + place[1].item<int64_t>(), "]"));
    }
    parts.push_back(std::move(part));
    next = last;
  }
  if (parts.empty()) return at::empty({0, end - begin}, at::kFloat);
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

absl::Status FeatureFiles::CheckSameGroups(const FeatureFiles& other) const {
  if (AreSame(groups_, other.groups_)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(other.shards_.front().path(), " has ",
                                                 Text(other.groups_), "; ", shards_.front().path(),
                                                 " has ", Text(groups_)));
}

}  // namespace attribench
