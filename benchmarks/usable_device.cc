// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/usable_device.h"

#include "absl/strings/str_cat.h"
#include "benchmarks/child_process.h"
#include "methods/device.h"

namespace attribench {

absl::StatusOr<at::Device> UsableDevice(const std::string& name) {
  const absl::StatusOr<at::Device> device = ParseDevice(name);
  if (!device.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--device: ", device.status().message()));
  }
  if (device->is_cpu()) return device;
  const auto end = RunInChild({}, [&] { return PrepareDevice(*device); });
  if (absl::IsAborted(end.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("--device=", name, " cannot be used, for the reason above"));
  }
  if (!end.ok()) return end.status();
  if (end->status != OK) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--device=", name, " cannot be used: the process that tried it ", end->message));
  }
  return device;
}

}  // namespace attribench
