// SPDX-License-Identifier: Apache-2.0
//
// Compares results and times with the committed baseline. Prints what moved, and exits with 1 if
// anything is worse. The baseline is a folder:
//   results/<setting>/<method>.textproto  as benchmarks/result.proto, without times
//   speed/<CPU>.json                      output of Google Benchmark, one file per CPU model
//   CHANGES.md                            why the baseline was rewritten, every time
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmarks/regression.h"
#include "benchmarks/result_files.h"
#include "datasets/text_proto.h"
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"

ABSL_FLAG(std::string, baseline, "benchmarks/baseline", "folder of the baseline");
ABSL_FLAG(std::vector<std::string>, results, {},
          "comma-separated folders or files of the results to compare");
ABSL_FLAG(std::vector<std::string>, speed, {},
          "comma-separated JSON files of the times to compare, one file from each process of the "
          "speed suite");
ABSL_FLAG(std::string, update, "", "rewrite the baseline, for this reason");

namespace attribench {
namespace {

namespace fs = std::filesystem;

// The file name for a CPU model: "AMD EPYC, stepping 1" becomes "amd_epyc_stepping_1".
std::string Slug(const std::string& cpu_model) {
  std::string slug;
  for (const char c : cpu_model) {
    if (absl::ascii_isalnum(c)) {
      slug += absl::ascii_tolower(c);
    } else if (!slug.empty() && slug.back() != '_') {
      slug += '_';
    }
  }
  while (!slug.empty() && slug.back() == '_') slug.pop_back();
  return slug;
}

// What is compared with the baseline.
struct Now {
  std::vector<MethodResult> results;
  std::vector<std::string> suites;
  std::vector<Speeds> speeds;
};

absl::StatusOr<std::vector<MethodResult>> ReadResults(const std::vector<std::string>& paths) {
  absl::StatusOr<std::vector<ResultFile>> files = ReadResultFiles(paths);
  if (!files.ok()) return files.status();
  std::vector<MethodResult> results;
  for (ResultFile& file : *files) results.push_back(std::move(file.result));
  return results;
}

absl::StatusOr<Now> ReadNow() {
  Now now;
  std::vector<std::string> paths;
  for (const std::string& path : absl::GetFlag(FLAGS_results)) {
    paths.push_back(InWorkingDirectory(path));
  }
  if (paths.empty()) return absl::InvalidArgumentError("--results names no file or folder");
  absl::StatusOr<std::vector<MethodResult>> results = ReadResults(paths);
  if (!results.ok()) return results.status();
  now.results = *std::move(results);
  for (const std::string& path : absl::GetFlag(FLAGS_speed)) {
    const absl::StatusOr<std::string> suite = ReadWholeFile(InWorkingDirectory(path));
    if (!suite.ok()) return suite.status();
    absl::StatusOr<Speeds> speeds = ParseSpeeds(*suite, path);
    if (!speeds.ok()) return speeds.status();
    now.suites.push_back(*suite);
    now.speeds.push_back(*std::move(speeds));
  }
  return now;
}

fs::path SpeedPath(const fs::path& folder, const Now& now) {
  return folder / "speed" / (Slug(now.speeds[0].cpu_model) + ".json");
}

absl::Status WriteChange(const fs::path& path, const std::string& reason,
                         const std::string& moved) {
  const absl::StatusOr<std::string> before = ReadWholeFile(path.string());
  std::string text = before.ok()
                         ? *before
                         : "# Why the baseline is what it is\n\nWritten by `ci/regression.sh "
                           "--update=REASON`; the latest change stands last.\n";
  absl::StrAppend(&text, "\n## ", absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()),
                  ": ", reason, "\n",
                  moved.empty() ? "" : absl::StrCat("\n```text\n", moved, "```\n"));
  return WriteWholeFile(path.string(), text);
}

// Removes the results below `folder` that are not in `kept`.
void RemoveOthers(const fs::path& folder, const std::vector<fs::path>& kept) {
  std::error_code error;
  std::vector<fs::path> gone;
  for (fs::recursive_directory_iterator it(folder, error), end; it != end; it.increment(error)) {
    if (it->path().extension() == ".textproto" &&
        std::find(kept.begin(), kept.end(), it->path()) == kept.end()) {
      gone.push_back(it->path());
    }
  }
  for (const fs::path& path : gone) fs::remove(path, error);
}

// Writes the new files before it removes those of methods that are gone: if it is interrupted, the
// baseline is still complete.
absl::Status WriteBaseline(const fs::path& folder, const Now& now, const std::string& reason,
                           const std::string& moved) {
  std::vector<fs::path> kept;
  for (const MethodResult& result : now.results) {
    kept.push_back(folder / "results" / result.setting().name() / (result.method() + ".textproto"));
    const absl::Status status = WriteTextProto(kept.back().string(), WithoutMachine(result));
    if (!status.ok()) return status;
  }
  if (!now.suites.empty()) {
    const absl::StatusOr<std::string> fastest = FastestOfSuites(now.suites);
    if (!fastest.ok()) return fastest.status();
    const absl::Status status = WriteWholeFile(SpeedPath(folder, now).string(), *fastest);
    if (!status.ok()) return status;
  }
  const absl::Status status = WriteChange(folder / "CHANGES.md", reason, moved);
  if (!status.ok()) return status;
  RemoveOthers(folder / "results", kept);
  return absl::OkStatus();
}

// The differences, and in words what was compared.
struct Compared {
  std::vector<Movement> movements;
  std::string what;
};

absl::Status CheckSameMachine(const std::vector<Speeds>& suites) {
  const Speeds& first = suites[0];
  for (const Speeds& suite : suites) {
    if (suite.cpu_model != first.cpu_model || suite.setting != first.setting) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--speed has suites of different machines or settings: one is of ", first.cpu_model,
          " and ", first.setting, ", another one of ", suite.cpu_model, " and ", suite.setting));
    }
  }
  return absl::OkStatus();
}

// Adds to `compared`, if the baseline has times for this CPU.
absl::Status CompareTimes(const fs::path& folder, const Now& now, Compared& compared) {
  if (const absl::Status status = CheckSameMachine(now.speeds); !status.ok()) return status;
  const std::string path = SpeedPath(folder, now).string();
  const absl::StatusOr<std::string> suite = ReadWholeFile(path);
  if (absl::IsNotFound(suite.status())) {
    if (absl::GetFlag(FLAGS_update).empty()) {
      std::cout << "regression: speed is not compared, because the baseline has no times for this "
                   "CPU ("
                << now.speeds[0].cpu_model << "); --update=REASON adds them\n";
    }
    return absl::OkStatus();
  }
  if (!suite.ok()) return suite.status();
  const absl::StatusOr<Speeds> before = ParseSpeeds(*suite, path);
  if (!before.ok()) return before.status();
  if (before->setting != now.speeds[0].setting) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is of setting ", before->setting,
                                                   ", but --speed is of setting ",
                                                   now.speeds[0].setting));
  }
  for (Movement& movement : CompareSpeeds(*before, now.speeds)) {
    compared.movements.push_back(std::move(movement));
  }
  absl::StrAppend(&compared.what, compared.what.empty() ? "" : ", ", before->times.size(),
                  " times");
  return absl::OkStatus();
}

// A missing baseline is an error, unless --update is about to write it.
absl::StatusOr<Compared> Compare(const fs::path& folder, const Now& now) {
  Compared compared;
  const absl::StatusOr<std::vector<MethodResult>> baseline =
      ReadResults({(folder / "results").string()});
  if (baseline.ok()) {
    compared.movements = CompareResults(*baseline, now.results);
    absl::StrAppend(&compared.what, now.results.size(), " methods' results");
  } else if (!absl::IsNotFound(baseline.status()) || absl::GetFlag(FLAGS_update).empty()) {
    return absl::Status(
        baseline.status().code(),
        absl::StrCat(baseline.status().message(), "; --update=REASON writes a first baseline"));
  }
  if (!now.speeds.empty()) {
    if (const absl::Status status = CompareTimes(folder, now, compared); !status.ok()) {
      return status;
    }
  }
  return compared;
}

// True if nothing is worse, or if --update recorded what is worse.
absl::StatusOr<bool> Run() {
  const std::string reason = absl::GetFlag(FLAGS_update);
  const fs::path folder = InWorkingDirectory(absl::GetFlag(FLAGS_baseline));
  const absl::StatusOr<Now> now = ReadNow();
  if (!now.ok()) return now.status();
  const absl::StatusOr<Compared> compared = Compare(folder, *now);
  if (!compared.ok()) return compared.status();
  int losses = 0;
  for (const Movement& movement : compared->movements) {
    losses += movement.verdict == Verdict::kLoss;
  }
  const std::string table = compared->movements.empty() ? "" : RenderMovements(compared->movements);
  std::cout << table << "regression: compared "
            << (compared->what.empty() ? "nothing" : compared->what) << ": "
            << compared->movements.size() << " moved, " << losses << " lost" << std::endl;
  if (!std::cout) return absl::UnavailableError("cannot write to standard output");
  if (reason.empty()) return losses == 0;
  if (const absl::Status status = WriteBaseline(folder, *now, reason, table); !status.ok()) {
    return status;
  }
  std::cout << "regression: wrote " << folder.string() << "\n";
  return true;
}

}  // namespace
}  // namespace attribench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Compares results and times with the committed baseline.");
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  const absl::StatusOr<bool> passed =
      positional.size() > 1
          ? absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1],
                                                    "'; name results with --results"))
          : attribench::Run();
  if (!passed.ok()) std::cerr << "regression: " << passed.status().message() << "\n";
  return !passed.ok() ? 2 : *passed ? 0 : 1;
}
