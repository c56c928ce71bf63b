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

// Kinds of random projection P [p, k], p the parameters. All have E[P P'] = I, so that the inner
// product of two projected vectors x and y has the right expectation. Its variance is about
// |x|^2 |y|^2 / k (Johnson and Lindenstrauss, 1984).
enum class ProjectionKind {
  kGaussian,    // entries normal with variance 1/k
  kRademacher,  // entries +-1/sqrt(k)
  kSjlt,        // one entry +-1 per row: the sparse embedding of Clarkson and Woodruff (STOC 2013)
};

// The kind called "gaussian", "rademacher" or "sjlt". InvalidArgument for any other name; the
// message lists these.
absl::StatusOr<ProjectionKind> ParseProjectionKind(const std::string& name);

// Projected gradients P' g_i, [n, k], with k = `dimension`. They are computed from the factors: the
// [n, p] gradients are not stored. Dense kinds multiply one block of gradient coordinates at a
// time with the matching rows of P. The sparse kind adds each coordinate, with its sign, to one
// column of the result. P depends only on `seed`, the kind, k and the shapes of the layers, so
// gradients of different datasets are projected alike. Charges the operations.
at::Tensor ProjectGradients(const GradientFactors& factors, ProjectionKind kind, int64_t dimension,
                            uint64_t seed, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_PROJECTION_H_
