// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_files.h"

#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/text_proto.h"

namespace attribench {
namespace {

namespace fs = std::filesystem;

// Message: MethodResult, MethodSensitivity or MethodRemoval.
template <typename Message>
absl::StatusOr<Message> ReadFile(const std::string& path) {
  Message result;
  if (const absl::Status status = ReadTextProto(path, &result); !status.ok()) return status;
  if (result.setting().name().empty() || result.method().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": setting '", result.setting().name(),
                                                   "', method '", result.method(),
                                                   "'; neither may be empty"));
  }
  return result;
}

// The files that are named or lie in folders that are named, in the order of their full paths.
absl::StatusOr<std::vector<std::string>> ListFiles(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> files;  // by canonical path: the path as listed
  std::error_code error;
  const auto add = [&](const fs::path& file) {
    files.emplace(fs::weakly_canonical(file, error).string(), file.string());
  };
  for (const std::string& path : paths) {
    if (fs::is_directory(path, error)) {
      fs::recursive_directory_iterator it(path, error);
      for (; !error && it != fs::end(it); it.increment(error)) {
        std::error_code unreadable;
        if (it->path().extension() == ".textproto" && it->is_regular_file(unreadable)) {
          add(it->path());
        }
      }
      if (error) {
        return absl::NotFoundError(absl::StrCat("cannot list ", path, ": ", error.message()));
      }
    } else if (fs::exists(path, error)) {
      add(path);
    } else {
      return absl::NotFoundError(absl::StrCat("no file or folder ", path));
    }
  }
  if (files.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no result (*.textproto) in ",
                     paths.empty() ? "an empty list of paths" : absl::StrJoin(paths, ", ")));
  }
  std::vector<std::string> listed;
  for (const auto& [canonical, file] : files) listed.push_back(file);
  return listed;
}

template <typename Study>
absl::Status SecondStudy(const std::string& file, const Study& study) {
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": a second study of ", study.method(), " in ", study.setting().name()));
}

}  // namespace

absl::StatusOr<std::vector<ResultFile>> ReadResultFiles(const std::vector<std::string>& paths) {
  const absl::StatusOr<std::vector<std::string>> files = ListFiles(paths);
  if (!files.ok()) return files.status();
  std::vector<ResultFile> results;
  for (const std::string& file : *files) {
    absl::StatusOr<MethodResult> result = ReadFile<MethodResult>(file);
    if (!result.ok()) return result.status();
    results.push_back({file, *std::move(result)});
  }
  return results;
}

absl::StatusOr<std::vector<MethodSensitivity>> ReadSensitivityFiles(
    const std::vector<std::string>& paths) {
  const absl::StatusOr<std::vector<std::string>> files = ListFiles(paths);
  if (!files.ok()) return files.status();
  std::vector<MethodSensitivity> studies;
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& file : *files) {
    absl::StatusOr<MethodSensitivity> study = ReadFile<MethodSensitivity>(file);
    if (!study.ok()) return study.status();
    if (study->points().empty() || !study->points(0).hyperparameter().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": its first point must have all hyperparameters at their defaults"));
    }
    if (!seen.emplace(study->setting().name(), study->method()).second) {
      return SecondStudy(file, *study);
    }
    studies.push_back(*std::move(study));
  }
  return studies;
}

absl::StatusOr<std::vector<MethodRemoval>> ReadRemovalFiles(const std::vector<std::string>& paths) {
  const absl::StatusOr<std::vector<std::string>> files = ListFiles(paths);
  if (!files.ok()) return files.status();
  std::map<std::pair<std::string, std::string>, MethodRemoval> studies;
  for (const std::string& file : *files) {
    const absl::StatusOr<MethodRemoval> study = ReadFile<MethodRemoval>(file);
    if (!study.ok()) return study.status();
    if (!studies.emplace(std::make_pair(study->setting().name(), study->method()), *study).second) {
      return SecondStudy(file, *study);
    }
  }
  std::vector<MethodRemoval> ordered;
  for (auto& [key, study] : studies) ordered.push_back(std::move(study));
  return ordered;
}

}  // namespace attribench
