// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_DEVICE_H_
#define ATTRIBENCH_METHODS_DEVICE_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"

namespace attribench {

// The device of a name: "cpu", "cuda" (the first GPU) or "cuda:2". InvalidArgument for others.
// Touches no device.
absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// Makes the device ready for this process: float32 arithmetic at full precision (no TF32), and the
// same bits in each run. FailedPrecondition if LibTorch was built without CUDA, or if there is no
// such GPU. Starts CUDA, which does not survive a fork: call it only in the process that computes.
absl::Status PrepareDevice(const at::Device& device);

// Waits until the device has done all its work.
void Synchronise(const at::Device& device);

// What the vendor calls the device: "NVIDIA H200". Empty for the CPU.
std::string DeviceName(const at::Device& device);

// The most memory that tensors took on the device so far, in bytes. 0 if that is not known.
int64_t PeakDeviceBytes(const at::Device& device);

// Copies on the device.
Dataset OnDevice(const Dataset& dataset, const at::Device& device);
Parameters OnDevice(const Parameters& parameters, const at::Device& device);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_DEVICE_H_
