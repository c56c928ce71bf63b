// SPDX-License-Identifier: Apache-2.0
#include "methods/device.h"

#include <cstdlib>
#include <exception>

#include "ATen/ATen.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "c10/core/impl/DeviceGuardImplInterface.h"
#ifdef ATTRIBENCH_WITH_CUDA
#include "ATen/cuda/CUDAContext.h"
#include "c10/cuda/CUDACachingAllocator.h"
#endif

namespace attribench {

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name == "cuda") return at::Device(at::kCUDA, 0);
  absl::string_view number = name;
  int index;
  if (absl::ConsumePrefix(&number, "cuda:") && absl::SimpleAtoi(number, &index) && index >= 0 &&
      index < 128) {
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("device is '", name, "', must be cpu, cuda, or cuda:N with N from 0 to 127"));
}

absl::Status PrepareDevice(const at::Device& device) {
  if (!device.is_cuda()) return absl::OkStatus();
  // Matrix products take the same path in each run only with this; it is read when CUDA starts.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  try {
    if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "device ", device.str(),
          ": there is no GPU that this LibTorch can use; take --device=cpu, or build with a "
          "LibTorch for CUDA on a machine that has a GPU"));
    }
    const int count = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
    if (device.index() >= count) {
      return absl::FailedPreconditionError(absl::StrCat(
          "device ", device.str(), ": there is no such GPU; this machine has ", count));
    }
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->setDevice(device);
    Synchronise(device);  // starts CUDA
  } catch (const std::exception& error) {
    const std::string what = error.what();
    return absl::FailedPreconditionError(
        absl::StrCat("device ", device.str(), ": ", what.substr(0, what.find('\n'))));
  }
  return absl::OkStatus();
}

void Synchronise(const at::Device& device) {
  // All work lies in one queue, so a number that is read comes after everything before it.
  if (!device.is_cpu()) at::zeros({}, at::TensorOptions().device(device)).item<float>();
}

std::string DeviceName(const at::Device& device) {
#ifdef ATTRIBENCH_WITH_CUDA
  if (device.is_cuda()) return at::cuda::getDeviceProperties(device.index())->name;
#endif
  return device.is_cpu() ? "" : device.str();
}

int64_t PeakDeviceBytes(const at::Device& device) {
#ifdef ATTRIBENCH_WITH_CUDA
  if (device.is_cuda()) {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
    return stats.allocated_bytes[0].peak;
  }
#endif
  (void)device;
  return 0;
}

Dataset OnDevice(const Dataset& dataset, const at::Device& device) {
  return {dataset.inputs.to(device), dataset.labels.to(device)};
}

Parameters OnDevice(const Parameters& parameters, const at::Device& device) {
  Parameters moved = parameters;
  for (Parameter& parameter : moved) parameter.value = parameter.value.to(device);
  return moved;
}

}  // namespace attribench
