// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_
#define ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_

#include <memory>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/spectral_filter.h"

namespace attribench {

struct KrylovOptions {
  CurvatureKind curvature = CurvatureKind::kHessian;
  int64_t iterations = 0;  // products with the curvature, at most
  // Stops once |q - (C + lambda I) x| / |q| is at most this for every test example at `damping`.
  double tolerance = 0;
  Damping damping;
};

// score_i = g_i' f(C, lambda) q for all test examples and every lambda, where C is the curvature of
// the mean loss over the task's curvature examples. Lanczos's steps from q build the same Krylov
// space for every lambda: with its basis V_k and the tridiagonal T_k = V_k' C V_k,
//   f(C) q ~ |q| V_k f(T_k) e_1,   exact if f is a polynomial of degree below k,
// so scores need only g_i' V_k (Saad, Iterative Methods for Sparse Linear Systems, 2003, sections
// 6.6 and 6.7). The filter gets the Ritz values [t, k], one row per test example.
//
// A small Krylov space approximates small eigenvalues badly, and moments at small dampings depend
// on small eigenvalues. So moments are those of the empirical Fisher, computed on demand. DataLoss
// if products with the curvature are not finite.
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKrylovAttribution(
    const AttributionTask& task, const Parameters& parameters, const KrylovOptions& options,
    SpectralFilter filter, CostLedger& ledger);

// 1 / (theta + lambda), and 0 if that is not positive: directions of negative curvature, in which
// the quadratic model has no minimum, are left out. theta [t, k].
absl::StatusOr<at::Tensor> InversePositive(const at::Tensor& theta, double lambda);

// The hyperparameter "curvature": hessian or gauss_newton.
CurvatureKind ParseCurvatureKind(const Hyperparameters& hyperparameters);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_
