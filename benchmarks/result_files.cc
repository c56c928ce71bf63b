// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_files.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"

namespace attribench {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<MethodResult> ReadResult(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadWholeFile(path);
  if (!content.ok()) return content.status();
  MethodResult result;
  if (const absl::Status status = ParseTextProto(*content, path, &result); !status.ok())
    return status;
  if (result.setting().name().empty() || result.method().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": setting '", result.setting().name(),
                                                   "', method '", result.method(),
                                                   "'; neither may be empty"));
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<ResultFile>> ReadResultFiles(const std::vector<std::string>& paths) {
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
  std::vector<ResultFile> results;
  for (const auto& [canonical, file] : files) {
    absl::StatusOr<MethodResult> result = ReadResult(file);
    if (!result.ok()) return result.status();
    results.push_back({file, *std::move(result)});
  }
  return results;
}

}  // namespace attribench
