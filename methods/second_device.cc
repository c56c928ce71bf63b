// SPDX-License-Identifier: Apache-2.0
#include "methods/second_device.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "ATen/ATen.h"
#include "torch/version.h"
#if TORCH_VERSION_MAJOR >= 2

namespace attribench {

at::Device SecondDevice() { return at::Device(at::kCUDA, 0); }

}  // namespace attribench

#else
#include "ATen/EmptyTensor.h"
#include "ATen/native/CPUFallback.h"
#include "ATen/ops/_reshape_alias_native.h"
#include "ATen/ops/as_strided_native.h"
#include "ATen/ops/view_native.h"
#include "c10/core/impl/DeviceGuardImplInterface.h"
#include "torch/library.h"

namespace attribench {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::PrivateUse1);

// No program can read or write an address with this bit.
constexpr uintptr_t kForbidden = uintptr_t{1} << 62;

void* Flipped(void* address) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(address) ^ kForbidden);
}

void Free(void* address) { std::free(Flipped(address)); }

class Memory : public at::Allocator {
 public:
  at::DataPtr allocate(size_t bytes) const override {
    void* const address = Flipped(std::malloc(bytes == 0 ? 1 : bytes));
    return {address, address, &Free, SecondDevice()};
  }
  at::DeleterFnPtr raw_deleter() const override { return &Free; }
};

Memory memory;
[[maybe_unused]] const bool has_memory = (c10::SetAllocator(kType, &memory), true);
C10_REGISTER_GUARD_IMPL(PrivateUse1, c10::impl::NoOpDeviceGuardImpl<kType>);

// The same memory as a tensor on the CPU.
at::Tensor OnCpu(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(Flipped(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                       tensor.options().device(at::kCPU));
}

at::Tensor Empty(at::IntArrayRef sizes, c10::optional<at::ScalarType> type,
                 c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>,
                 c10::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &memory, kKeys, c10::dtype_or_default(type), format);
}

at::Tensor EmptyStrided(at::IntArrayRef sizes, at::IntArrayRef strides,
                        c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                        c10::optional<at::Device>, c10::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &memory, kKeys,
                                           c10::dtype_or_default(type));
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to, bool) {
  OnCpu(to).copy_(OnCpu(from));
  return to;
}

at::Tensor CopyFromAndResize(const at::Tensor& from, const at::Tensor& to) {
  if (to.sizes() != from.sizes()) to.resize_(from.sizes());
  return CopyFrom(from, to, false);
}

// For results that have no memory yet: what `tensor` held is lost if it grows.
const at::Tensor& Resize(const at::Tensor& tensor, at::IntArrayRef sizes,
                         c10::optional<at::MemoryFormat>) {
  c10::TensorImpl* const implementation = tensor.unsafeGetTensorImpl();
  implementation->set_sizes_contiguous(sizes);
  const size_t bytes = (tensor.storage_offset() + tensor.numel()) * tensor.element_size();
  c10::StorageImpl* const storage = tensor.storage().unsafeGetStorageImpl();
  if (storage->nbytes() < bytes) {
    storage->set_data_ptr_noswap(memory.allocate(bytes));
    storage->set_nbytes(bytes);
  }
  return tensor;
}

// Any other operation: computes on the CPU.
void ComputeOnCpu(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  bool here = false, on_cpu = false;
  const auto look = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return;
    if (!tensor.is_cpu()) {
      here = true;
    } else if (tensor.dim() > 0) {  // a GPU takes single numbers of the CPU, and so does this
      on_cpu = true;
    }
  };
  for (const at::IValue& value : torch::jit::last(*stack, operation.schema().arguments().size())) {
    if (value.isTensor()) look(value.toTensor());
    if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) look(tensor);
    }
  }
  TORCH_CHECK(!(here && on_cpu), operation.schema().name(), ": tensors on two devices");
  at::native::cpu_fallback(operation, stack);
}

at::Tensor Convolve(const at::Tensor& input, const at::Tensor& weight,
                    const c10::optional<at::Tensor>& bias, at::IntArrayRef stride,
                    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                    at::IntArrayRef output_padding, int64_t groups) {
  c10::optional<at::Tensor> of_cpu;
  if (bias.has_value() && bias->defined()) of_cpu = OnCpu(*bias);
  return at::convolution(OnCpu(input), OnCpu(weight), of_cpu, stride, padding, dilation, transposed,
                         output_padding, groups)
      .to(SecondDevice());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolveBackward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> wanted) {
  const auto [of_input, of_weight, of_bias] = at::convolution_backward(
      OnCpu(gradient), OnCpu(input), OnCpu(weight), at::IntArrayRef({weight.size(0)}), stride,
      padding, dilation, transposed, output_padding, groups, wanted);
  const auto moved = [](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.to(SecondDevice()) : tensor;
  };
  return {moved(of_input), moved(of_weight), moved(of_bias)};
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&ComputeOnCpu>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_copy_from_and_resize", &CopyFromAndResize);
  library.impl("resize_", &Resize);
  library.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  library.impl("view", TORCH_FN(at::native::view));
  library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  library.impl("convolution_overrideable", &Convolve);
  library.impl("convolution_backward_overrideable", &ConvolveBackward);
}

}  // namespace

at::Device SecondDevice() { return at::Device(kType, 0); }

}  // namespace attribench

#endif
