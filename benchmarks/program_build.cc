// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/program_build.h"

#include <utility>

namespace attribench {
namespace {

ProgramBuild& Linked() {
  static auto* build = new ProgramBuild;
  return *build;
}

}  // namespace

const ProgramBuild& LinkedProgramBuild() { return Linked(); }

bool RegisterProgramBuild(ProgramBuild build) {
  Linked() = std::move(build);
  return true;
}

}  // namespace attribench
