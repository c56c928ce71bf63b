// SPDX-License-Identifier: Apache-2.0
#include "datasets/environment.h"

#include <fstream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "datasets/instruction_set.h"
#include "datasets/models/winograd.h"
#include "torch/csrc/api/include/torch/version.h"

namespace attribench {

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
  environment.set_cpu_capability(absl::StrCat(InstructionSetIsFixed() ? "AVX2 (fixed)" : "as found",
                                              OneDnnIsRaised() ? ", oneDNN AVX-512" : ""));
  environment.set_torch_version(TORCH_VERSION);
  environment.set_compiler(__VERSION__);
  return environment;
}

}  // namespace attribench
