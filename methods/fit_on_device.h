// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_FIT_ON_DEVICE_H_
#define ATTRIBENCH_METHODS_FIT_ON_DEVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"

namespace attribench {

// Fits the method on task.device. This is the one place where data move between the CPU and another
// device: the task's examples and checkpoints go there, and what the result returns are tensors on
// the CPU, as are the subsets and splits that it takes. Charges device_seconds, if the device is
// not the CPU. The device must be ready (PrepareDevice). Errors as method.Fit.
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitOnDevice(
    AttributionMethod& method, const AttributionTask& task, const Hyperparameters& hyperparameters,
    CostLedger& ledger);

// Charges the time from its construction to its destruction, when all work that the device got is
// done, as device_seconds. Does nothing if the device is the CPU.
class DeviceTime {
 public:
  DeviceTime(const at::Device& device, CostLedger& ledger);
  ~DeviceTime();
  DeviceTime(const DeviceTime&) = delete;

 private:
  const at::Device device_;
  CostLedger& ledger_;
  double start_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_FIT_ON_DEVICE_H_
