// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_
#define ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_

#include <functional>
#include <memory>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/curvature.h"

namespace attribench {

struct KrylovOptions {
  CurvatureKind curvature = CurvatureKind::kHessian;
  int64_t iterations = 0;  // products with the curvature, at most
  // Stops where |q - (C + lambda I) x| / |q| is at most this for every test example at `damping`.
  double tolerance = 0;
  Damping damping;
};

// f(theta, lambda), given the Ritz values theta [t, k] (float64), a row for each test example.
using SpectralFilter = std::function<at::Tensor(const at::Tensor& theta, double lambda)>;

// score_i = g_i' f(C, lambda) q, C the curvature of the mean training loss, for every test example
// at once and for every lambda. Lanczos's steps from q build the same Krylov space for all lambda:
// with V_k its basis and T_k = V_k' C V_k tridiagonal,
//   f(C) q ~ |q| V_k f(T_k) e_1,   exact where f is a polynomial of degree below k,
// so that scores need no more of V_k than g_i' V_k (Saad, Iterative Methods for Sparse Linear
// Systems, 2003, sections 6.6 and 6.7). Of the small eigenvalues, on which moments at small
// dampings hang, a space of a few dimensions knows next to nothing: moments are those of the
// empirical Fisher, taken when they are asked for. DataLoss where products are not finite.
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKrylovAttribution(
    const AttributionTask& task, const Parameters& parameters, const KrylovOptions& options,
    SpectralFilter filter, CostLedger& ledger);

// 1 / (theta + lambda), and 0 where that is not positive: the directions of negative curvature, in
// which the quadratic model has no minimum, are left out.
at::Tensor InversePositive(const at::Tensor& theta, double lambda);

// The hyperparameter "curvature": hessian or gauss_newton.
CurvatureKind ParseCurvatureKind(const Hyperparameters& hyperparameters);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_KRYLOV_ATTRIBUTION_H_
