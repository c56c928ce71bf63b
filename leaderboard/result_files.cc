// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/result_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace attribench {
namespace {

namespace fs = std::filesystem;

// Keeps the first error.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat("line ", line + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::StatusOr<MethodResult> ReadResult(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  MethodResult result;
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(content, &result)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.text()));
  }
  if (result.setting().name().empty() || result.method().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": setting '", result.setting().name(),
                                                   "', method '", result.method(),
                                                   "'; neither may be empty"));
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<MethodResult>> ReadResultFiles(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> files;  // canonical name to the name as reached
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
  std::vector<MethodResult> results;
  for (const auto& [canonical, file] : files) {
    absl::StatusOr<MethodResult> result = ReadResult(file);
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
  }
  return results;
}

}  // namespace attribench
