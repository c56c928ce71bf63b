// SPDX-License-Identifier: Apache-2.0
//
// Lets tuners choose the damping of recorded methods, and shows how good and how dear each choice
// is. It needs no model and no data. README.md describes it.
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/project_path.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "evaluators/replay/method_replay.h"
#include "evaluators/replay/replay_report.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuner.h"

ABSL_FLAG(std::vector<std::string>, tuner, {"all"}, "comma-separated names of tuners, or all");
ABSL_FLAG(std::vector<std::string>, settings, {"all"}, "comma-separated names of settings, or all");
ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::string, block, "reporting",
          "block on which choices are judged: reporting, or tuning, which tuners see");
ABSL_FLAG(std::string, records, "",
          "folder of the records, <setting>.tuning.safetensors.gz; default: evaluators/replay of "
          "Attribench");
ABSL_FLAG(std::string, csv, "", "file for the same table as comma-separated values");

namespace attribench {
namespace {

// What all tuners are compared with.
constexpr char kSearch[] = "grid_search_50";

// The asked names, or all that are known. InvalidArgument for another one, or for none.
absl::StatusOr<std::vector<std::string>> Chosen(const std::string& flag,
                                                const std::vector<std::string>& asked,
                                                const std::vector<std::string>& known) {
  std::vector<std::string> chosen;
  for (const std::string& name : asked) {
    if (name == "all") return known;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag, ": there is no '", name,
                                                     "'; known are: ", absl::StrJoin(known, ", ")));
    }
    chosen.push_back(name);
  }
  if (!chosen.empty()) return chosen;
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " is empty: it must have names, separated by commas, or all"));
}

absl::StatusOr<BlockKind> ChosenBlock() {
  const std::string block = absl::GetFlag(FLAGS_block);
  if (block == "reporting") return BlockKind::kReporting;
  if (block == "tuning") return BlockKind::kTuning;
  return absl::InvalidArgumentError(
      absl::StrCat("--block is '", block, "', must be reporting or tuning"));
}

absl::StatusOr<std::vector<SettingRecord>> ChosenRecords() {
  const std::string flag = absl::GetFlag(FLAGS_records);
  const std::string folder =
      flag.empty() ? ProjectPath("evaluators/replay") : InWorkingDirectory(flag);
  const absl::StatusOr<std::vector<std::string>> paths = RecordPaths(folder);
  if (!paths.ok()) return paths.status();
  std::vector<std::string> known;
  for (const std::string& path : *paths) known.push_back(RecordName(path));
  const auto settings = Chosen("settings", absl::GetFlag(FLAGS_settings), known);
  if (!settings.ok()) return settings.status();
  std::vector<SettingRecord> records;
  for (const std::string& setting : *settings) {
    absl::StatusOr<SettingRecord> record =
        ReadRecord(absl::StrCat(folder, "/", setting, kRecordSuffix));
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
  return records;
}

absl::StatusOr<std::vector<std::string>> ChosenMethods(const std::vector<SettingRecord>& records) {
  std::vector<std::string> known;
  for (const SettingRecord& record : records) {
    for (const auto& [name, method] : record.methods) known.push_back(name);
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return Chosen("methods", absl::GetFlag(FLAGS_methods), known);
}

absl::StatusOr<std::vector<RegisteredTuner>> ChosenTuners(
    const std::vector<RegisteredTuner>& linked) {
  std::vector<std::string> known;
  for (const auto& [name, tuner] : linked) known.push_back(name);
  const auto names = Chosen("tuner", absl::GetFlag(FLAGS_tuner), known);
  if (!names.ok()) return names.status();
  std::vector<RegisteredTuner> tuners;
  for (const std::string& name : *names) {
    tuners.push_back(linked[std::find(known.begin(), known.end(), name) - known.begin()]);
  }
  return tuners;
}

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name tuners with --tuner"));
  }
  const absl::StatusOr<BlockKind> block = ChosenBlock();
  if (!block.ok()) return block.status();
  const absl::StatusOr<std::vector<RegisteredTuner>> linked = RegisteredTuners();
  if (!linked.ok()) return linked.status();
  const auto search =
      std::find_if(linked->begin(), linked->end(),
                   [](const RegisteredTuner& tuner) { return tuner.name == kSearch; });
  if (search == linked->end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("this program has no ", kSearch, ": link @attribench//evaluators/tuners too"));
  }
  const auto tuners = ChosenTuners(*linked);
  if (!tuners.ok()) return tuners.status();
  const auto records = ChosenRecords();
  if (!records.ok()) return records.status();
  const auto methods = ChosenMethods(*records);
  if (!methods.ok()) return methods.status();

  std::vector<std::string> names;
  for (const auto& [name, tuner] : *tuners) names.push_back(name);
  std::vector<ReplayedRow> rows;
  for (const SettingRecord& record : *records) {
    for (const auto& [name, method] : record.methods) {
      if (std::find(methods->begin(), methods->end(), name) == methods->end()) continue;
      const MethodReplay replay(method, *block);
      rows.push_back({record.name, name, replay.Choose(*search->tuner), {}});
      ReplayedRow& row = rows.back();
      for (const auto& [unused, tuner] : *tuners) {
        row.choices.push_back(tuner == search->tuner ? row.search : replay.Choose(*tuner));
      }
    }
  }
  std::cout << ReplayTables(kSearch, names, rows);
  const std::string csv = absl::GetFlag(FLAGS_csv);
  return csv.empty() ? absl::OkStatus()
                     : WriteWholeFile(InWorkingDirectory(csv), ReplayCsv(names, rows));
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Lets tuners choose the dampings of recorded methods.");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "replay: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
