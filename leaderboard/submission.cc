// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/submission.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "leaderboard/board.h"

namespace attribench {
namespace {

constexpr size_t kLongestName = 64;
constexpr size_t kLongestText = 500;

absl::Status Wrong(const std::string& field, absl::string_view value, const std::string& rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is '", absl::CHexEscape(value.substr(0, kLongestName)), "'; ", rule));
}

absl::Status CheckName(const std::string& field, const std::string& name) {
  const bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
  if (good && !name.empty() && name.size() <= kLongestName) return absl::OkStatus();
  return Wrong(field, name,
               absl::StrCat("a name has 1 to ", kLongestName,
                            " lower-case letters, digits and underscores"));
}

absl::Status CheckText(const std::string& field, const std::string& text) {
  if (text.size() > kLongestText) {
    return Wrong(
        field, text,
        absl::StrCat("it has ", text.size(), " bytes, at most ", kLongestText, " are allowed"));
  }
  if (std::none_of(text.begin(), text.end(), absl::ascii_iscntrl)) return absl::OkStatus();
  return Wrong(field, text, "it must be one line without control characters");
}

absl::Status CheckHyperparameters(const std::string& field,
                                  const google::protobuf::Map<std::string, std::string>& values,
                                  const std::string& also_allowed) {
  for (const auto& [name, value] : values) {
    absl::Status status = name == also_allowed ? absl::OkStatus() : CheckName(field, name);
    if (status.ok()) status = CheckText(absl::StrCat(field, ".", name), value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckTexts(const MethodResult& result) {
  absl::Status status = CheckName("method", result.method());
  for (int i = 0; i < result.entries_size() && status.ok(); ++i) {
    const Entry& entry = result.entries(i);
    const std::string where = absl::StrCat("entries[", i, "].");
    status = CheckName(where + "tuner", entry.tuner());
    if (status.ok()) status = CheckText(where + "message", entry.message());
    if (status.ok() && !entry.chosen_by().empty()) {
      status = CheckName(where + "chosen_by", entry.chosen_by());
    }
    if (status.ok()) {
      status = CheckHyperparameters(where + "hyperparameters", entry.hyperparameters(), "");
    }
    for (const auto& [name, cost] : entry.phases()) {
      if (status.ok()) status = CheckName(where + "phases", name);
    }
  }
  if (status.ok()) status = CheckText("machine.cpu_model", result.machine().cpu_model());
  if (!status.ok()) return status;
  // The list of a grid is long.
  MethodResult shortened = result;
  shortened.mutable_provenance()->mutable_hyperparameters()->erase("damping grid");
  return CheckHyperparameters("provenance.hyperparameters",
                              shortened.provenance().hyperparameters(), "");
}

absl::Status CheckProvenance(const Provenance& from) {
  const std::pair<const char*, const std::string&> fields[] = {
      {"program_version", from.program_version()},
      {"torch_version", from.torch_version()},
      {"date", from.date()},
      {"zoo_recipe_digest", from.zoo_recipe_digest()},
      {"ground_truth_digest", from.ground_truth_digest()},
      {"data_digest", from.data_digest()}};
  for (const auto& [name, value] : fields) {
    if (value.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "provenance.", name, " is empty; run the method with a program made by run_program"));
    }
    if (absl::Status status = CheckText(absl::StrCat("provenance.", name), value); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSetting(const std::string& name, const std::vector<ResultFile>& recorded) {
  std::vector<std::string> known;
  for (const ResultFile& file : recorded) {
    const std::string& setting = file.result.setting().name();
    if (setting == name) return absl::OkStatus();
    if (std::find(known.begin(), known.end(), setting) == known.end()) known.push_back(setting);
  }
  return Wrong("setting.name", name,
               absl::StrCat("recorded settings are ", absl::StrJoin(known, ", ")));
}

}  // namespace

absl::Status CheckSubmission(const std::vector<ResultFile>& submitted,
                             const std::vector<ResultFile>& recorded) {
  std::vector<ResultFile> all = recorded;
  for (const ResultFile& file : submitted) {
    absl::Status status = absl::OkStatus();
    if (const auto size = static_cast<int64_t>(file.result.ByteSizeLong());
        size > kLargestSubmission) {
      status = absl::InvalidArgumentError(
          absl::StrCat("it has ", size, " bytes, at most ", kLargestSubmission, " are allowed"));
    }
    if (status.ok()) status = CheckTexts(file.result);
    if (status.ok()) status = CheckSetting(file.result.setting().name(), recorded);
    if (status.ok()) status = CheckProvenance(file.result.provenance());
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(file.path, ": ", status.message()));
    }
    all.push_back(file);
  }
  return MakeBoard(all).status();
}

}  // namespace attribench
