// SPDX-License-Identifier: Apache-2.0
#include "datasets/instruction_set.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstring>

namespace attribench {
namespace {

// Tests get the same values from datasets/instruction_set.bzl.
constexpr const char* kVariables[][2] = {
    {"ATEN_CPU_CAPABILITY", "avx2"},
    {"OPENBLAS_CORETYPE", "Haswell"},
    {"ONEDNN_MAX_CPU_ISA", "AVX2"},
};

}  // namespace

bool InstructionSetIsFixed() {
  for (const auto& [name, value] : kVariables) {
    const char* current = getenv(name);
    if (current == nullptr || std::strcmp(current, value) != 0) return false;
  }
  return true;
}

void FixInstructionSet(char** argv) {
  if (InstructionSetIsFixed()) return;
  for (const auto& [name, value] : kVariables) setenv(name, value, /*overwrite=*/1);
  execv("/proc/self/exe", argv);  // If it fails, the program continues without fixed kernels.
}

}  // namespace attribench
