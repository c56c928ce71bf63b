// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_USABLE_DEVICE_H_
#define ATTRIBENCH_BENCHMARKS_USABLE_DEVICE_H_

#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace attribench {

// The device that the flag --device names, if methods can run on it. It is tried in a process of
// its own: CUDA does not survive a fork, so a process that forks must not start it.
// InvalidArgument for an unknown name. FailedPrecondition if the device cannot be used: the reason
// stands on standard error. Other errors as RunInChild.
absl::StatusOr<at::Device> UsableDevice(const std::string& name);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_USABLE_DEVICE_H_
