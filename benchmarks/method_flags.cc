// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/method_flags.h"

#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/usable_device.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(
    std::string, device, "cpu",
    "where methods compute: cpu, cuda, or cuda:1 for the second GPU; on a GPU, --memory_limit "
    "is what a method plans with, and nothing stops it if it takes more");
ABSL_FLAG(double, memory_limit, 0,
          "memory in GiB that one method may use in addition to the loaded setting; a method "
          "recomputes what does not fit, and is stopped if it still uses more; 0: a method "
          "uses about 4 GiB and is never stopped");
ABSL_FLAG(absl::Duration, timeout, absl::Hours(2),
          "time limit for one method; a method that takes longer is stopped");
ABSL_FLAG(int, threads, 0, "threads for one method; default: one per core");

namespace attribench {

int MainWithMethodFlags(int argc, char** argv, const std::string& name, const std::string& usage,
                        const std::function<absl::Status()>& run) {
  FixInstructionSet(argv);
  absl::SetProgramUsageMessage(usage);
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [](absl::string_view file) {
    return absl::EndsWith(file, "_main.cc") || absl::EndsWith(file, "/method_flags.cc");
  };
  config.contains_helpshort_flags = config.contains_help_flags;
  absl::SetFlagsUsageConfig(config);
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::Status status =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name methods with --methods"))
          : run();
  if (!status.ok()) std::cerr << name << ": " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}

absl::StatusOr<ChildLimits> LimitsOfFlags() {
  const double memory_limit = absl::GetFlag(FLAGS_memory_limit);
  if (!(memory_limit >= 0) || std::isinf(memory_limit)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--memory_limit is ", memory_limit, " GiB, must be finite and at least 0 (0: no limit)"));
  }
  const absl::Duration timeout = absl::GetFlag(FLAGS_timeout);
  if (timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--timeout is ", absl::FormatDuration(timeout), ", must be above 0"));
  }
  const absl::StatusOr<int> threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--threads: ", threads.status().message()));
  }
  // CUDA reserves far more address space than it uses, so no limit on it can hold.
  const bool on_cpu = !absl::StartsWith(absl::GetFlag(FLAGS_device), "cuda");  // "cpu:0" too
  return ChildLimits{timeout, on_cpu ? memory_limit : 0, *threads};
}

absl::StatusOr<LoadedSetting> LoadSettingOfFlags() {
  at::set_num_threads(1);
  if (const auto limits = LimitsOfFlags(); !limits.ok()) return limits.status();
  absl::StatusOr<LoadedSetting> loaded = LoadNamedSetting(
      absl::GetFlag(FLAGS_setting), absl::GetFlag(FLAGS_zoo), absl::GetFlag(FLAGS_memory_limit));
  if (!loaded.ok()) return loaded.status();
  const absl::StatusOr<at::Device> device = UsableDevice(absl::GetFlag(FLAGS_device));
  if (!device.ok()) return device.status();
  loaded->device = *device;
  return loaded;
}

}  // namespace attribench
