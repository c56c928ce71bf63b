// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_
#define ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_

#include "ATen/core/Tensor.h"

namespace attribench {

// 3 x 3 convolutions by Winograd's minimal filtering F(4 x 4, 3 x 3), which needs a quarter of the
// multiplications (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016,
// section 4.3). The kernels are those of oneDNN for CPUs with AVX-512.

// Returns true if WinogradConvolution works on this machine.
//
// Call it before the process computes its first convolution. It raises oneDNN's instruction set,
// which FixInstructionSet limits to AVX2, to AVX-512 for the whole process; after a convolution
// oneDNN refuses that.
bool AllowWinograd();

// True if AllowWinograd has raised oneDNN's instruction set in this process. This function does not
// raise it.
bool OneDnnIsRaised();

// The same as at::conv2d(images, weight, {}, /*stride=*/1, /*padding=*/1), up to rounding.
// Differentiable once. `images` [b, in, height, width] and the result have oneDNN's layout
// (to_mkldnn) and float32; `weight` [out, in, 3, 3] is dense. `in` and `out` must be multiples
// of 16.
at::Tensor WinogradConvolution(const at::Tensor& images, const at::Tensor& weight);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_MODELS_WINOGRAD_H_
