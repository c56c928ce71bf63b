// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_METHOD_FLAGS_H_
#define ATTRIBENCH_BENCHMARKS_METHOD_FLAGS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/child_process.h"
#include "benchmarks/loaded_setting.h"

namespace attribench {

// What programs share that run methods, each in a process of its own (RunInChild): the flags
// --setting, --zoo, --device, --memory_limit, --timeout and --threads.

// The main function of the program `name`: parses the flags, calls `run` and says on standard error
// why it failed. --help shows the flags of the program and these. Returns the exit status.
int MainWithMethodFlags(int argc, char** argv, const std::string& name, const std::string& usage,
                        const std::function<absl::Status()>& run);

// What a method may use. InvalidArgument names the flag, its value and the bound.
absl::StatusOr<ChildLimits> LimitsOfFlags();

// The setting that --setting and --zoo name, for methods on --device with --memory_limit. Also sees
// to it that this process starts no threads of LibTorch, which would not survive a fork. Errors as
// LimitsOfFlags, LoadNamedSetting and UsableDevice.
absl::StatusOr<LoadedSetting> LoadSettingOfFlags();

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_METHOD_FLAGS_H_
