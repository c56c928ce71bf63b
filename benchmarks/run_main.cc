// SPDX-License-Identifier: Apache-2.0
//
// Runs attribution methods in a setting. Each method runs in its own process: if it crashes, runs
// out of memory or takes too long, its result says so, and the other methods still run.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/child_process.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/method_flags.h"
#include "benchmarks/provenance.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/result_files.h"
#include "benchmarks/run_method.h"
#include "datasets/progress_bar.h"
#include "datasets/text_proto.h"
#include "datasets/working_directory.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuner.h"
#include "methods/registry.h"

ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::vector<std::string>, tuners, {"all"}, "comma-separated names of tuners, or all");
ABSL_FLAG(std::string, output, "out/results",
          "folder; each result is written to <output>/<setting>/<method>.textproto");
ABSL_FLAG(
    bool, resume, false,
    "continue an interrupted run: skip each method that already has a result in --output with "
    "the same tuners and hyperparameters, of the same zoo, data and program version");
ABSL_FLAG(bool, record_tuning, false,
          "also write <output>/<setting>/<method>.tuning.safetensors.gz for each method with a "
          "damping: all that a tuner may see, for //evaluators/replay; the time for it counts for "
          "--timeout, and the results stay the same");

namespace attribench {
namespace {

// The path of a method's tuning record, beside that of its result.
std::string RecordPath(const std::string& path) {
  return std::filesystem::path(path).replace_extension().string() + kRecordSuffix;
}

// Writes the method's result, then its tuning record if there is one and a flag asks for it.
absl::Status RunAndWrite(const LoadedSetting& loaded, const MethodVariant& variant,
                         const std::vector<RegisteredTuner>& tuners, const std::string& path) {
  TuningRecording recording;
  const MethodResult result =
      RunMethod(loaded, variant, tuners, absl::GetFlag(FLAGS_record_tuning) ? &recording : nullptr);
  if (!loaded.fault->ok()) return *loaded.fault;
  if (const absl::Status status = WriteTextProto(path, result); !status.ok()) return status;
  if (recording == nullptr) return absl::OkStatus();
  const absl::StatusOr<SettingRecord> record = recording();
  if (record.ok()) return WriteRecord(RecordPath(path), *record);
  std::cerr << variant.name << " has no tuning record: " << record.status().message() << "\n";
  return absl::OkStatus();
}

// Whether the file holds a result that can stand for one of this run (also if it is a failure).
// Says why not, if there is a file.
bool HasResult(const std::string& path, const LoadedSetting& loaded, const MethodVariant& variant,
               const std::vector<RegisteredTuner>& tuners) {
  MethodResult recorded;
  const absl::Status read = ReadTextProto(path, &recorded);
  if (absl::IsNotFound(read)) return false;
  std::string reason =
      read.ok()
          ? ReasonToRunAgain(recorded, FailedResult(loaded, variant, tuners, ERROR, "not run yet"))
          : std::string(read.message());
  if (reason.empty() && absl::GetFlag(FLAGS_record_tuning) && recorded.damped() &&
      !std::filesystem::exists(RecordPath(path))) {
    reason = "it has no tuning record there";
  }
  if (!reason.empty()) std::cerr << variant.name << " runs again: " << reason << "\n";
  return reason.empty();
}

// Makes the folder of `path`, and removes the result and the tuning record of an earlier run: they
// must not pass as new.
absl::Status MakeRoomFor(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (!error) fs::remove(path, error);
  if (!error) fs::remove(RecordPath(path), error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("--output: cannot write ", path, ": ", error.message()));
}

absl::StatusOr<std::vector<MethodVariant>> ChosenVariants() {
  std::vector<MethodVariant> chosen;
  if (absl::GetFlag(FLAGS_methods).empty()) {
    return absl::InvalidArgumentError(
        "--methods is empty: it must name methods, separated by commas, or all");
  }
  for (const std::string& name : absl::GetFlag(FLAGS_methods)) {
    if (name == "all") return MethodVariants();
    absl::StatusOr<MethodVariant> variant = FindMethodVariant(name);
    if (!variant.ok()) return variant.status();
    chosen.push_back(*std::move(variant));
  }
  return chosen;
}

absl::StatusOr<std::vector<RegisteredTuner>> LinkedTuners() {
  absl::StatusOr<std::vector<RegisteredTuner>> tuners = RegisteredTuners();
  if (tuners.ok() && tuners->empty()) {
    return absl::FailedPreconditionError(
        "this program has no tuners: link @attribench//evaluators/tuners, or tuners of your own");
  }
  const std::vector<std::string> names = absl::GetFlag(FLAGS_tuners);
  if (!tuners.ok() || std::count(names.begin(), names.end(), "all") > 0) return tuners;
  std::vector<RegisteredTuner> chosen;
  for (const RegisteredTuner& tuner : *tuners) {
    if (std::count(names.begin(), names.end(), tuner.name) > 0) chosen.push_back(tuner);
  }
  for (const std::string& name : names) {
    const auto is_it = [&](const RegisteredTuner& tuner) { return tuner.name == name; };
    if (std::any_of(chosen.begin(), chosen.end(), is_it)) continue;
    const auto add_name = [](std::string* text, const RegisteredTuner& tuner) {
      absl::StrAppend(text, tuner.name);
    };
    return absl::NotFoundError(absl::StrCat("--tuners: there is no tuner '", name, "'; known are ",
                                            absl::StrJoin(*tuners, ", ", add_name)));
  }
  return chosen;
}

// Runs each variant in its own process and writes its result to its path.
absl::Status RunAll(const LoadedSetting& loaded, const std::vector<RegisteredTuner>& tuners,
                    const std::vector<std::pair<MethodVariant, std::string>>& variants,
                    const ChildLimits& limits) {
  ProgressBar bar(absl::StrCat("running ", loaded.facts.name()),
                  static_cast<int64_t>(variants.size()));
  for (const auto& [variant, path] : variants) {
    if (const absl::Status room = MakeRoomFor(path); !room.ok()) return room;
    const auto ended = RunInChild(limits, [&, &variant = variant, &path = path] {
      return RunAndWrite(loaded, variant, tuners, path);
    });
    if (absl::IsAborted(ended.status())) {
      return absl::UnavailableError(absl::StrCat("no result for ", variant.name, " in ", path));
    }
    if (!ended.ok()) return ended.status();
    ChildEnd end = *ended;
    const bool is_written = std::filesystem::exists(path);
    if (end.status == OK && !is_written) end = {ERROR, "ended without a result"};
    if (end.status != OK && is_written && absl::GetFlag(FLAGS_record_tuning)) {
      std::cerr << variant.name << " has a result, but no tuning record: " << end.message << "\n";
    } else if (end.status != OK) {
      const absl::Status status =
          WriteTextProto(path, FailedResult(loaded, variant, tuners, end.status, end.message));
      if (!status.ok()) return status;
    }
    bar.Advance();
  }
  return absl::OkStatus();
}

absl::Status Run() {
  if (absl::GetFlag(FLAGS_output).empty()) {
    return absl::InvalidArgumentError("--output is empty: it must name a folder");
  }
  const absl::StatusOr<std::vector<RegisteredTuner>> tuners = LinkedTuners();
  if (!tuners.ok()) return tuners.status();
  const absl::StatusOr<std::vector<MethodVariant>> variants = ChosenVariants();
  if (!variants.ok()) return variants.status();
  const absl::StatusOr<LoadedSetting> loaded = LoadSettingOfFlags();
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<ChildLimits> limits = LimitsOfFlags();
  if (!limits.ok()) return limits.status();

  const std::string folder =
      absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_output)), "/", loaded->facts.name());
  std::vector<std::pair<MethodVariant, std::string>> missing;
  for (const MethodVariant& variant : *variants) {
    const std::string path = absl::StrCat(folder, "/", variant.name, ".textproto");
    if (!absl::GetFlag(FLAGS_resume) || !HasResult(path, *loaded, variant, *tuners)) {
      missing.emplace_back(variant, path);
    }
  }
  if (missing.size() < variants->size()) {
    std::cerr << variants->size() - missing.size() << " of " << variants->size()
              << " results are there already\n";
  }
  for (const auto& [variant, path] : missing) {
    const absl::Status suits = CheckSuits(*loaded, variant);
    if (!suits.ok()) {
      std::cerr << "refused: " << variant.name << ": " << suits.message() << "\n";
    }
  }
  return RunAll(*loaded, *tuners, missing, *limits);
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  return attribench::MainWithMethodFlags(
      argc, argv, "run", "Runs attribution methods in a setting and writes their results.",
      attribench::Run);
}
