// SPDX-License-Identifier: Apache-2.0
#include "datasets/arithmetic.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "torch/csrc/api/include/torch/version.h"

namespace attribench {
namespace {

constexpr const char* kFixed[][2] = {
    {"ATEN_CPU_CAPABILITY", "avx2"},
    {"OPENBLAS_CORETYPE", "Haswell"},
    {"ONEDNN_MAX_CPU_ISA", "AVX2"},
};

double Seconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

}  // namespace

bool InstructionSetIsFixed() {
  for (const auto& [name, value] : kFixed) {
    const char* current = getenv(name);
    if (current == nullptr || std::strcmp(current, value) != 0) return false;
  }
  return true;
}

void FixInstructionSet(char** argv) {
  if (InstructionSetIsFixed()) return;
  for (const auto& [name, value] : kFixed) setenv(name, value, /*overwrite=*/1);
  execv("/proc/self/exe", argv);  // Where this fails, the program goes on as it is.
}

Environment DescribeEnvironment() {
  Environment environment;
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::set<std::string> wanted = {"model name", "cpu family", "model", "stepping"};
  std::string description;
  for (std::string line; !wanted.empty() && std::getline(cpuinfo, line);) {
    const std::pair<std::string, std::string> field = absl::StrSplit(line, absl::MaxSplits(':', 1));
    const std::string name(absl::StripAsciiWhitespace(field.first));
    if (wanted.erase(name) == 0) continue;
    absl::StrAppend(&description, description.empty() ? "" : ", ",
                    name == "model name" ? "" : name + " ",
                    absl::StripAsciiWhitespace(field.second));
  }
  environment.set_cpu_model(description);
  environment.set_cpu_capability(InstructionSetIsFixed() ? "AVX2 (fixed)" : "as found");
  environment.set_torch_version(TORCH_VERSION);
  environment.set_compiler(__VERSION__);
  return environment;
}

double ThreadCpuSeconds() { return Seconds(CLOCK_THREAD_CPUTIME_ID); }
double ProcessCpuSeconds() { return Seconds(CLOCK_PROCESS_CPUTIME_ID); }
double WallSeconds() { return Seconds(CLOCK_MONOTONIC); }

}  // namespace attribench
