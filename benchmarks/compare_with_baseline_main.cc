// SPDX-License-Identifier: Apache-2.0
//
// Holds what the methods do now against the committed baseline: prints what moved, and exits with 1
// where anything was lost. The baseline is a folder:
//   results/<setting>/<method>.textproto  benchmarks/result.proto, without times
//   speed/<CPU>.json                      Google Benchmark's form; one for each CPU model
//   CHANGES.md                            why it was last rewritten, and the times before
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
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
#include "datasets/whole_file.h"
#include "datasets/working_directory.h"
#include "google/protobuf/text_format.h"

ABSL_FLAG(std::string, baseline, "benchmarks/baseline", "folder of the baseline");
ABSL_FLAG(std::vector<std::string>, results, {},
          "what the methods gave now: comma-separated folders or files of results");
ABSL_FLAG(std::vector<std::string>, speed, {},
          "what the speed suite wrote now, one JSON file for each of several processes");
ABSL_FLAG(std::string, update, "", "rewrite the baseline, for this reason");

namespace attribench {
namespace {

namespace fs = std::filesystem;

// "cpu family 25, model 1, AMD EPYC, stepping 1" as the name of a file.
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

struct Now {
  std::vector<MethodResult> results;
  std::vector<std::string> suites;
  std::vector<Speeds> speeds;
};

absl::StatusOr<Now> ReadNow() {
  Now now;
  std::vector<std::string> paths;
  for (const std::string& path : absl::GetFlag(FLAGS_results)) {
    paths.push_back(InWorkingDirectory(path));
  }
  if (paths.empty()) return absl::InvalidArgumentError("--results names no file or folder");
  absl::StatusOr<std::vector<MethodResult>> results = ReadResultFiles(paths);
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

absl::Status WriteBaseline(const fs::path& folder, const Now& now, const std::string& reason,
                           const std::string& moved) {
  // New files first, and only then an end to those of methods that are gone: a kill between leaves
  // a baseline that is whole.
  std::vector<fs::path> kept;
  for (const MethodResult& result : now.results) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(WithoutMachine(result), &text);
    kept.push_back(folder / "results" / result.setting().name() / (result.method() + ".textproto"));
    const absl::Status status = WriteWholeFile(
        kept.back().string(), absl::StrCat("# proto-file: benchmarks/result.proto\n"
                                           "# proto-message: attribench.MethodResult\n",
                                           text));
    if (!status.ok()) return status;
  }
  if (!now.suites.empty()) {
    const absl::StatusOr<std::string> fastest = FastestOfSuites(now.suites);
    if (!fastest.ok()) return fastest.status();
    const absl::Status status = WriteWholeFile(
        (folder / "speed" / (Slug(now.speeds[0].cpu_model) + ".json")).string(), *fastest);
    if (!status.ok()) return status;
  }
  const fs::path changes = folder / "CHANGES.md";
  const absl::StatusOr<std::string> before = ReadWholeFile(changes.string());
  std::string text = before.ok()
                         ? *before
                         : "# Why the baseline is what it is\n\nWritten by `ci/regression.sh "
                           "--update=REASON`; the latest change stands last.\n";
  absl::StrAppend(&text, "\n## ", absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()),
                  ": ", reason, "\n",
                  moved.empty() ? "" : absl::StrCat("\n```text\n", moved, "```\n"));
  if (const absl::Status status = WriteWholeFile(changes.string(), text); !status.ok()) {
    return status;
  }
  std::error_code error;
  std::vector<fs::path> gone;
  for (fs::recursive_directory_iterator it(folder / "results", error), end; it != end;
       it.increment(error)) {
    if (it->path().extension() == ".textproto" &&
        std::find(kept.begin(), kept.end(), it->path()) == kept.end()) {
      gone.push_back(it->path());
    }
  }
  for (const fs::path& path : gone) fs::remove(path, error);
  return absl::OkStatus();
}

// True where nothing was lost, or the loss was written down.
absl::StatusOr<bool> Run() {
  const std::string& reason = absl::GetFlag(FLAGS_update);
  const fs::path folder = InWorkingDirectory(absl::GetFlag(FLAGS_baseline));
  const absl::StatusOr<Now> now = ReadNow();
  if (!now.ok()) return now.status();

  std::vector<Movement> movements;
  std::string compared;
  absl::StatusOr<std::vector<MethodResult>> baseline =
      ReadResultFiles({(folder / "results").string()});
  if (baseline.ok()) {
    movements = CompareResults(*baseline, now->results);
    absl::StrAppend(&compared, now->results.size(), " methods' results");
  } else if (!absl::IsNotFound(baseline.status()) || reason.empty()) {
    return absl::Status(baseline.status().code(),
                        absl::StrCat(baseline.status().message(),
                                     "; a first baseline is written by --update=REASON"));
  }
  if (!now->speeds.empty()) {
    const std::string& cpu = now->speeds[0].cpu_model;
    for (const Speeds& speeds : now->speeds) {
      if (speeds.cpu_model != cpu || speeds.setting != now->speeds[0].setting) {
        return absl::InvalidArgumentError(absl::StrCat("--speed: one suite is of ", cpu, " and ",
                                                       now->speeds[0].setting, ", another of ",
                                                       speeds.cpu_model, " and ", speeds.setting));
      }
    }
    const std::string path = (folder / "speed" / (Slug(cpu) + ".json")).string();
    const absl::StatusOr<std::string> suite = ReadWholeFile(path);
    if (suite.ok()) {
      const absl::StatusOr<Speeds> before = ParseSpeeds(*suite, path);
      if (!before.ok()) return before.status();
      if (before->setting != now->speeds[0].setting) {
        return absl::InvalidArgumentError(absl::StrCat(path, " is of setting ", before->setting,
                                                       ", --speed of ", now->speeds[0].setting));
      }
      std::vector<Movement> of_speed = CompareSpeeds(*before, now->speeds);
      movements.insert(movements.end(), of_speed.begin(), of_speed.end());
      absl::StrAppend(&compared, compared.empty() ? "" : ", ", before->times.size(), " times");
    } else if (!absl::IsNotFound(suite.status())) {
      return suite.status();
    } else if (reason.empty()) {
      std::cout << "regression: speed is not compared, the baseline has none for this CPU (" << cpu
                << "); --update=REASON adds it\n";
    }
  }

  int losses = 0;
  for (const Movement& movement : movements) losses += movement.verdict == Verdict::kLoss;
  const std::string table = movements.empty() ? "" : RenderMovements(movements);
  std::cout << table << "regression: compared " << (compared.empty() ? "nothing" : compared) << ": "
            << movements.size() << " moved, " << losses << " lost\n";
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
  absl::ParseCommandLine(argc, argv);
  const absl::StatusOr<bool> passed = attribench::Run();
  if (!passed.ok()) std::cerr << "regression: " << passed.status().message() << "\n";
  return !passed.ok() ? 2 : *passed ? 0 : 1;
}
