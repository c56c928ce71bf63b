// SPDX-License-Identifier: Apache-2.0
//
// Runs attribution methods in a setting: each in a process of its own, so that one that crashes,
// runs out of memory or takes too long becomes a row that says so.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmarks/peak_memory.h"
#include "benchmarks/result.pb.h"
#include "benchmarks/run_method.h"
#include "datasets/data_root.h"
#include "datasets/instruction_set.h"
#include "datasets/num_threads.h"
#include "datasets/progress_bar.h"
#include "datasets/project_path.h"
#include "datasets/settings/setting.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "datasets/zoo/trainer.h"
#include "google/protobuf/text_format.h"
#include "methods/registry.h"

ABSL_FLAG(std::string, setting, "glyphs_mlp", "name of a setting, or path of its .textproto");
ABSL_FLAG(std::vector<std::string>, methods, {"all"},
          "names from the table, comma-separated, or all");
ABSL_FLAG(std::string, zoo, "", "folder of the zoo; default: datasets/zoo/<setting>");
ABSL_FLAG(std::string, output, "out/results",
          "results go to <output>/<setting>/<method>.textproto");
ABSL_FLAG(
    bool, resume, false,
    "goes on with a run that was stopped: methods that have a result with the same ground truth "
    "in --output are left out");
ABSL_FLAG(absl::Duration, timeout, absl::Hours(2), "for one method; what takes longer is ended");
ABSL_FLAG(double, memory_limit, 0,
          "memory in GiB that one method may take beyond the loaded setting: what would not fit is "
          "computed again instead of kept, and what takes more all the same is ended; 0: methods "
          "keep to 4, and nothing is ended");
ABSL_FLAG(int, threads, 0, "for one method; default: one per core");

namespace attribench {
namespace {

absl::Status WriteResult(const std::string& path, const MethodResult& result) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(result, &text);
  return WriteWholeFile(path, absl::StrCat("# proto-file: benchmarks/result.proto\n"
                                           "# proto-message: attribench.MethodResult\n",
                                           text));
}

// A failure is a result too. The facts of a setting hold the noise ceiling of its ground truth.
bool HasResult(const std::string& path, const Benchmark& benchmark) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  MethodResult result;
  return text.ok() && ParseTextProto(*text, path, &result).ok() &&
         result.setting().SerializeAsString() == benchmark.facts.SerializeAsString();
}

// Threads and the buffers of the matrix library come first: where those cannot be had, it waits for
// them forever.
void LimitMemory(double gibibytes) {
  at::matmul(at::ones({512, 512}), at::ones({512, 512}));
  const rlim_t bytes = static_cast<rlim_t>(DataMemoryBytes() + gibibytes * (1 << 30));
  const rlimit bound = {bytes, bytes};
  setrlimit(RLIMIT_DATA, &bound);
}

// The child's life: runs, writes, ends.
[[noreturn]] void RunInChild(const Benchmark& benchmark, const MethodVariant& variant,
                             const std::string& path, int threads) {
  at::set_num_threads(threads);
  KeepFreedMemory();
  if (const double limit = absl::GetFlag(FLAGS_memory_limit); limit > 0) LimitMemory(limit);
  const absl::Status status = WriteResult(path, RunMethod(benchmark, variant));
  if (!status.ok()) std::cerr << status.message() << "\n";
  std::cerr.flush();
  _exit(status.ok() ? 0 : 1);
}

struct ChildEnd {
  EntryStatus status = OK;
  std::string message;
};

ChildEnd WaitFor(pid_t child, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (absl::Now() > deadline) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return {TIMEOUT,
              absl::StrCat("took longer than ", absl::FormatDuration(timeout), " (--timeout)")};
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return {OUT_OF_MEMORY, "killed by the system, which ran out of memory"};
  }
  if (WIFSIGNALED(status))
    return {ERROR, absl::StrCat("ended by signal ", WTERMSIG(status), " (",
                                strsignal(WTERMSIG(status)), ")")};
  return {ERROR, absl::StrCat("ended with exit status ", WEXITSTATUS(status))};
}

absl::StatusOr<std::vector<MethodVariant>> ChosenVariants() {
  std::vector<MethodVariant> chosen;
  for (const std::string& name : absl::GetFlag(FLAGS_methods)) {
    if (name == "all") return MethodVariants();
    absl::StatusOr<MethodVariant> variant = FindMethodVariant(name);
    if (!variant.ok()) return variant.status();
    chosen.push_back(*std::move(variant));
  }
  return chosen;
}

absl::Status Run() {
  if (absl::GetFlag(FLAGS_output).empty()) return absl::InvalidArgumentError("--output is empty");
  if (absl::GetFlag(FLAGS_timeout) <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout is ", absl::FormatDuration(absl::GetFlag(FLAGS_timeout)), ", must be above 0"));
  }
  // The parent computes alone: threads of a numeric library do not survive a fork.
  at::set_num_threads(1);
  if (const absl::Status status = CheckTuners(); !status.ok()) return status;
  const absl::StatusOr<std::vector<MethodVariant>> variants = ChosenVariants();
  if (!variants.ok()) return variants.status();
  const absl::StatusOr<Setting> setting = LoadSetting(absl::GetFlag(FLAGS_setting));
  if (!setting.ok()) return setting.status();
  std::string zoo = absl::GetFlag(FLAGS_zoo);
  zoo = zoo.empty() ? absl::StrCat(ProjectPath("datasets/zoo"), "/", setting->name())
                    : InWorkingDirectory(zoo);
  absl::StatusOr<Benchmark> benchmark = LoadBenchmark(*setting, DataRoot(), zoo);
  if (!benchmark.ok()) return benchmark.status();
  if (const double limit = absl::GetFlag(FLAGS_memory_limit); limit > 0) {
    benchmark->memory_limit = limit * (1 << 30);
  }
  const int threads = ThreadsOrAllCores(absl::GetFlag(FLAGS_threads));

  const std::string folder =
      absl::StrCat(InWorkingDirectory(absl::GetFlag(FLAGS_output)), "/", setting->name());
  const auto path_of = [&](const MethodVariant& variant) {
    return absl::StrCat(folder, "/", variant.name, ".textproto");
  };
  std::vector<MethodVariant> missing;
  for (const MethodVariant& variant : *variants) {
    if (!absl::GetFlag(FLAGS_resume) || !HasResult(path_of(variant), *benchmark)) {
      missing.push_back(variant);
    }
  }
  if (missing.size() < variants->size()) {
    std::cerr << variants->size() - missing.size() << " of " << variants->size()
              << " results are there already\n";
  }
  ProgressBar bar(absl::StrCat("running ", setting->name()), static_cast<int64_t>(missing.size()));
  for (const MethodVariant& variant : missing) {
    const std::string path = path_of(variant);
    const pid_t child = fork();
    if (child < 0)
      return absl::UnavailableError(absl::StrCat("cannot fork: ", std::strerror(errno)));
    if (child == 0) RunInChild(*benchmark, variant, path, threads);
    const ChildEnd end = WaitFor(child, absl::GetFlag(FLAGS_timeout));
    if (end.status != OK) {
      const absl::Status status =
          WriteResult(path, FailedResult(*benchmark, variant, end.status, end.message));
      if (!status.ok()) return status;
    }
    bar.Advance();
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  attribench::FixInstructionSet(argv);
  absl::SetProgramUsageMessage("Runs attribution methods in a setting and writes their results.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = attribench::Run();
  if (!status.ok()) std::cerr << "run: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
