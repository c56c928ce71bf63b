// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_PROGRAM_BUILD_H_
#define ATTRIBENCH_BENCHMARKS_PROGRAM_BUILD_H_

#include <string>

namespace attribench {

// From what and how a program was built. run_program (methods/run_program.bzl) links this into the
// programs that it makes.
struct ProgramBuild {
  std::string version;  // SHA-256 of all sources that were linked, methods and tuners among them
  std::string mode;     // Bazel's compilation mode: "opt", "dbg" or "fastbuild"
};

// Both are empty if the program was not made by run_program.
const ProgramBuild& LinkedProgramBuild();

// Called before main by the code that run_program generates.
bool RegisterProgramBuild(ProgramBuild build);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_PROGRAM_BUILD_H_
