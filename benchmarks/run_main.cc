// SPDX-License-Identifier: Apache-2.0
//
// Runs attribution methods in a setting. Each method runs in its own process: if it crashes, runs
// out of memory or takes too long, its result says so, and the other methods still run.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "benchmarks/child_process.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/provenance.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/result_files.h"
#include "benchmarks/run_method.h"
#include "benchmarks/usable_device.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/progress_bar.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuner.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::vector<std::string>, methods, {"all"}, "comma-separated names of methods, or all");
ABSL_FLAG(std::vector<std::string>, tuners, {"all"}, "comma-separated names of tuners, or all");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(std::string, output, "out/results",
          "folder; each result is written to <output>/<setting>/<method>.textproto");
ABSL_FLAG(
    bool, resume, false,
    "continue an interrupted run: skip each method that already has a result in --output with "
    "the same tuners and hyperparameters, of the same zoo, data and program version");
ABSL_FLAG(absl::Duration, timeout, absl::Hours(2),
          "time limit for one method; a method that takes longer is stopped");
ABSL_FLAG(double, memory_limit, 0,
          "memory in GiB that one method may use in addition to the loaded setting; a method "
          "recomputes what does not fit, and is stopped if it still uses more; 0: a method "
          "uses about 4 GiB and is never stopped");
ABSL_FLAG(bool, record_tuning, false,
          "also write <output>/<setting>/<method>.tuning.safetensors.gz for each method with a "
          "damping: all that a tuner may see, for //evaluators/replay; the time for it counts for "
          "--timeout, and the results stay the same");
ABSL_FLAG(
    std::string, device, "cpu",
    "where methods compute: cpu, cuda, or cuda:1 for the second GPU; on a GPU, --memory_limit "
    "is what a method plans with, and nothing stops it if it takes more");
ABSL_FLAG(int, threads, 0, "threads for one method; default: one per core");

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
  if (const absl::Status status = WriteResult(path, result); !status.ok()) return status;
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
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (absl::IsNotFound(text.status())) return false;
  MethodResult recorded;
  const absl::Status read = text.ok() ? ParseTextProto(*text, path, &recorded) : text.status();
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

absl::Status CheckFlags() {
  const double memory_limit = absl::GetFlag(FLAGS_memory_limit);
  if (!(memory_limit >= 0) || std::isinf(memory_limit)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--memory_limit is ", memory_limit, " GiB, must be finite and at least 0 (0: no limit)"));
  }
  if (const auto threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads)); !threads.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--threads: ", threads.status().message()));
  }
  if (absl::GetFlag(FLAGS_output).empty()) {
    return absl::InvalidArgumentError("--output is empty: it must name a folder");
  }
  if (absl::GetFlag(FLAGS_timeout) <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout is ", absl::FormatDuration(absl::GetFlag(FLAGS_timeout)), ", must be above 0"));
  }
  return absl::OkStatus();
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
                    const std::vector<std::pair<MethodVariant, std::string>>& variants) {
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  // CUDA reserves far more address space than it uses, so no limit on it can hold.
  const ChildLimits limits = {absl::GetFlag(FLAGS_timeout),
                              loaded.device.is_cpu() ? absl::GetFlag(FLAGS_memory_limit) : 0,
                              *threads};
  ProgressBar bar(absl::StrCat("running ", loaded.facts.name()),
                  static_cast<int64_t>(variants.size()));
  for (const auto& [variant, path] : variants) {
    if (const absl::Status room = MakeRoomFor(path); !room.ok()) return room;
    const auto ended = RunInChild(limits, [&, &variant = variant, &path = path] {
      return RunAndWrite(loaded, variant, tuners, path);
    });
    if (absl::IsAborted(ended.status())) {
      return absl::UnavailableError(absl::StrCat("cannot write ", path));
    }
    if (!ended.ok()) return ended.status();
    ChildEnd end = *ended;
    const bool is_written = std::filesystem::exists(path);
    if (end.status == OK && !is_written) end = {ERROR, "ended without a result"};
    if (end.status != OK && is_written && absl::GetFlag(FLAGS_record_tuning)) {
      std::cerr << variant.name << " has a result, but no tuning record: " << end.message << "\n";
    } else if (end.status != OK) {
      const absl::Status status =
          WriteResult(path, FailedResult(loaded, variant, tuners, end.status, end.message));
      if (!status.ok()) return status;
    }
    bar.Advance();
  }
  return absl::OkStatus();
}

absl::Status Run(const std::vector<char*>& positional) {
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", positional[1], "'; name methods with --methods"));
  }
  if (const absl::Status status = CheckFlags(); !status.ok()) return status;
  // Threads of a numeric library do not survive a fork, so this process must not start any.
  at::set_num_threads(1);
  const absl::StatusOr<std::vector<RegisteredTuner>> tuners = LinkedTuners();
  if (!tuners.ok()) return tuners.status();
  const absl::StatusOr<std::vector<MethodVariant>> variants = ChosenVariants();
  if (!variants.ok()) return variants.status();
  absl::StatusOr<LoadedSetting> loaded = LoadNamedSetting(
      absl::GetFlag(FLAGS_setting), absl::GetFlag(FLAGS_zoo), absl::GetFlag(FLAGS_memory_limit));
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<at::Device> device = UsableDevice(absl::GetFlag(FLAGS_device));
  if (!device.ok()) return device.status();
  loaded->device = *device;

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
  return RunAll(*loaded, *tuners, missing);
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage("Runs attribution methods in a setting and writes their results.");
  const absl::Status status = attribench::Run(absl::ParseCommandLine(argc, argv));
  if (!status.ok()) std::cerr << "run: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
