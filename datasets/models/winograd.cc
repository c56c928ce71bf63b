// SPDX-License-Identifier: Apache-2.0
#include "datasets/models/winograd.h"

#include "c10/util/Exception.h"

// Only the system's LibTorch uses a oneDNN that other programs can call.
#ifdef LIBTORCH_WITH_SYSTEM_ONEDNN
#include "dnnl_version.h"
#endif

#if defined(DNNL_VERSION_MAJOR) && DNNL_VERSION_MAJOR == 2

#include <atomic>
#include <unordered_map>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/core/LegacyTypeDispatch.h"
#include "ideep.hpp"
#include "torch/csrc/autograd/custom_function.h"

namespace at::native {

// LibTorch's functions that convert between its own tensors and oneDNN's. No header declares them.
ideep::tensor& itensor_from_mkldnn(const Tensor& tensor);
Tensor new_with_itensor_mkldnn(ideep::tensor&& it, c10::optional<ScalarType> dtype,
                               c10::optional<Device> device);

}  // namespace at::native

namespace attribench {
namespace {

using at::native::itensor_from_mkldnn;
using dnnl::memory;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::atomic<bool> raised{false};

constexpr dnnl::algorithm kWinograd = dnnl::algorithm::convolution_winograd;
const memory::dims kOnes = {1, 1};  // strides, padding

// A dense tensor as oneDNN sees it.
ideep::tensor View(const at::Tensor& dense) {
  return {{dense.sizes().vec(), memory::data_type::f32}, dense.data_ptr()};
}

at::Tensor Wrap(ideep::tensor&& tensor) {
  return at::native::new_with_itensor_mkldnn(std::move(tensor), at::kFloat, at::kCPU);
}

// Images [b, in, ., .], filters [out, in, 3, 3] and outputs [b, out, ., .], in layouts that oneDNN
// chooses for Winograd's kernels.
struct Shape {
  Shape(const at::Tensor& of_images, const at::Tensor& of_weight)
      : images(AnyLayout(of_images.sizes().vec())), weight(AnyLayout(of_weight.sizes().vec())) {
    memory::dims of_output = of_images.sizes().vec();
    of_output[1] = of_weight.size(0);
    output = AnyLayout(of_output);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  dnnl::convolution_forward::primitive_desc Forward() const {
    return {
        {dnnl::prop_kind::forward_training, kWinograd, images, weight, output, kOnes, kOnes, kOnes},
        attributes,
        engine};
  }

  static memory::desc AnyLayout(const memory::dims& dims) {
    return {dims, memory::data_type::f32, memory::format_tag::any};
  }

  memory::desc images, weight, output;
  dnnl::primitive_attr attributes;
  const dnnl::engine& engine = ideep::engine::cpu_engine();
};

template <typename Primitive>
void Execute(const typename Primitive::primitive_desc& description,
             std::unordered_map<int, memory> arguments) {
  // Each thread keeps its memory: getting fresh memory takes as long as the convolution itself.
  thread_local at::Tensor scratch = at::empty({0}, at::kByte);
  const memory::desc wanted = description.scratchpad_desc();
  if (scratch.numel() < static_cast<int64_t>(wanted.get_size())) {
    scratch = at::empty({static_cast<int64_t>(wanted.get_size())}, at::kByte);
  }
  arguments[DNNL_ARG_SCRATCHPAD] = {wanted, ideep::engine::cpu_engine(), scratch.data_ptr()};
  Primitive(description).execute(ideep::stream::default_stream(), arguments);
}

class Winograd : public torch::autograd::Function<Winograd> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& images,
                            const at::Tensor& weight) {
    context->save_for_backward({images, weight});
    const at::AutoDispatchBelowAutograd below_autograd;
    const auto forward = Shape(images, weight).Forward();
    ideep::tensor output(forward.dst_desc());
    Execute<dnnl::convolution_forward>(
        forward,
        {{DNNL_ARG_SRC, itensor_from_mkldnn(images).reorder_if_differ_in(forward.src_desc())},
         {DNNL_ARG_WEIGHTS, View(weight).reorder_if_differ_in(forward.weights_desc())},
         {DNNL_ARG_DST, output}});
    return Wrap(std::move(output));
  }

  static variable_list backward(AutogradContext* context, const variable_list& of_outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::AutoDispatchBelowAutograd below_autograd;
    const at::Tensor &images = saved[0], &weight = saved[1];
    const ideep::tensor& of_output = itensor_from_mkldnn(of_outputs[0]);
    const Shape shape(images, weight);
    const auto forward = shape.Forward();

    const dnnl::convolution_backward_data::primitive_desc to_images(
        {kWinograd, shape.images, shape.weight, shape.output, kOnes, kOnes, kOnes},
        shape.attributes, shape.engine, forward);
    ideep::tensor of_images(to_images.diff_src_desc());
    Execute<dnnl::convolution_backward_data>(
        to_images, {{DNNL_ARG_DIFF_DST, of_output.reorder_if_differ_in(to_images.diff_dst_desc())},
                    {DNNL_ARG_WEIGHTS, View(weight).reorder_if_differ_in(to_images.weights_desc())},
                    {DNNL_ARG_DIFF_SRC, of_images}});

    const dnnl::convolution_backward_weights::primitive_desc to_weight(
        {kWinograd, shape.images, shape.weight, shape.output, kOnes, kOnes, kOnes},
        shape.attributes, shape.engine, forward);
    ideep::tensor of_weight(to_weight.diff_weights_desc());
    Execute<dnnl::convolution_backward_weights>(
        to_weight,
        {{DNNL_ARG_DIFF_DST, of_output.reorder_if_differ_in(to_weight.diff_dst_desc())},
         {DNNL_ARG_SRC, itensor_from_mkldnn(images).reorder_if_differ_in(to_weight.src_desc())},
         {DNNL_ARG_DIFF_WEIGHTS, of_weight}});
    const at::Tensor dense = at::empty_like(weight);
    View(dense).feed_from(of_weight);
    return {Wrap(std::move(of_images)), dense};
  }
};

}  // namespace

bool AllowWinograd() {
  static const bool allowed = [] {
    if (dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core) != dnnl::status::success) return false;
    try {
      const at::Tensor images = at::zeros({1, 16, 4, 4}).to_mkldnn();
      WinogradConvolution(images, at::zeros({16, 16, 3, 3}));
    } catch (const dnnl::error&) {
      return false;
    }
    raised = true;
    return true;
  }();
  return allowed;
}

bool OneDnnIsRaised() { return raised; }

at::Tensor WinogradConvolution(const at::Tensor& images, const at::Tensor& weight) {
  return Winograd::apply(images, weight.contiguous());
}

}  // namespace attribench

#else

namespace attribench {

bool AllowWinograd() { return false; }

bool OneDnnIsRaised() { return false; }

at::Tensor WinogradConvolution(const at::Tensor&, const at::Tensor&) {
  TORCH_CHECK(false, "Winograd convolutions need the system's LibTorch; call AllowWinograd first");
}

}  // namespace attribench

#endif
