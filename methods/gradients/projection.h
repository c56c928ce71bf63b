// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_PROJECTION_H_
#define ATTRIBENCH_METHODS_GRADIENTS_PROJECTION_H_

#include <cstdint>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/cost_ledger.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {

// Random projections P [p, k] with E[P P'] = I, so that inner products are kept on average, each
// with a variance near |x|^2 |y|^2 / k (Johnson and Lindenstrauss).
enum class ProjectionKind {
  kGaussian,    // entries normal with variance 1/k
  kRademacher,  // entries +-1/sqrt(k)
  kSjlt,        // one entry +-1 in every row: the sparse embedding of Clarkson and Woodruff (2013)
};

// "gaussian", "rademacher", "sjlt"; InvalidArgument lists them.
absl::StatusOr<ProjectionKind> ParseProjectionKind(const std::string& name);

// Projected gradients P' g_i, [n, k], straight from the factors: dense kinds go through the
// coordinates in blocks, the sparse kind adds every coordinate once where it belongs. P is a
// function of `seed` and of the shapes of the layers alone.
at::Tensor ProjectGradients(const GradientFactors& factors, ProjectionKind kind, int64_t dimension,
                            uint64_t seed, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_PROJECTION_H_
