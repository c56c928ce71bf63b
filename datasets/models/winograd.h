// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_
#define ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// 3 x 3 convolutions by Winograd's minimal filtering F(4 x 4, 3 x 3): a quarter of the
// multiplications (Lavin and Gray, Fast algorithms for convolutional neural networks, CVPR 2016,
// section 4.3). The kernels are oneDNN's, for CPUs with AVX-512.

// True where WinogradConvolution works here. Raises oneDNN's instruction set, which
// FixInstructionSet keeps at AVX2, to AVX-512 for the whole process, and cannot any more once the
// process has computed a convolution: ask first.
bool AllowWinograd();

// at::conv2d(images, weight, {}, /*stride=*/1, /*padding=*/1), differentiable once. `images`
// [b, in, height, width] and the result are in oneDNN's layout (to_mkldnn), float32; `weight`
// [out, in, 3, 3] is dense; `in` and `out` are multiples of 16.
at::Tensor WinogradConvolution(const at::Tensor& images, const at::Tensor& weight);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_
