// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/spectral_filter.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {

SpectralFilter InverseFilter() {
  return [](const at::Tensor& eigenvalues, double lambda) -> absl::StatusOr<at::Tensor> {
    const at::Tensor damped = eigenvalues.add(lambda);
    if (damped.numel() > 0 && damped.min().item<double>() <= 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the damped matrix is singular: an eigenvalue is ", eigenvalues.min().item<double>(),
          " and the damping is ", lambda, "; take a damping above 0"));
    }
    return damped.reciprocal();
  };
}

SpectralFilter ExponentialFilter() {
  return [](const at::Tensor& eigenvalues, double lambda) -> absl::StatusOr<at::Tensor> {
    if (!(lambda > 0)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the exponential filter divides by the damping, which is ", lambda,
                       "; take a damping above 0"));
    }
    const at::Tensor reached = eigenvalues.div(-lambda).expm1().neg();
    return at::where(eigenvalues.eq(0), at::full_like(eigenvalues, 1 / lambda),
                     reached.div(eigenvalues));
  };
}

}  // namespace attribench
