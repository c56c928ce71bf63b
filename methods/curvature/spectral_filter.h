// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_SPECTRAL_FILTER_H_
#define ATTRIBENCH_METHODS_CURVATURE_SPECTRAL_FILTER_H_

#include <functional>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace attribench {

// f(mu, lambda): what a method does to each eigenvalue mu of a matrix C at damping lambda, so that
// f(C) q takes the place of C^-1 q. Takes and returns a float64 tensor of any shape.
using SpectralFilter =
    std::function<absl::StatusOr<at::Tensor>(const at::Tensor& eigenvalues, double lambda)>;

// 1 / (mu + lambda): the influence function. FailedPrecondition if mu + lambda is not above 0 for
// some eigenvalue.
SpectralFilter InverseFilter();

// (1 - exp(-mu / lambda)) / mu, and 1 / lambda at mu = 0: gradient descent on a quadratic that
// stops early. With T steps of size eta, lambda is 1 / (eta T). FailedPrecondition if lambda is 0.
SpectralFilter ExponentialFilter();

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_SPECTRAL_FILTER_H_
