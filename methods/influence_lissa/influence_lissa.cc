// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' x / sigma after `depth` steps of
//   x <- q + x - (C_B + lambda I) x / sigma,   starting with x = q,
// with C_B the curvature of the loss on a batch. The batches are independent, so the expectation of
// x is the result of the recursion with all examples in each batch, a truncated Neumann series:
//   E[x] / sigma = f(C) q,   f = (1 - (1 - mu / sigma)^(depth + 1)) / mu   with mu = C + lambda I.
// This file computes the expectation, for all lambda at once: LiSSA without its noise, or the mean
// of infinitely many repeats. sigma is `scaling` times the largest eigenvalue of C + lambda I, so
// that the series converges. The eigenvalue is found in the Krylov space of each test example.
#include "ATen/ATen.h"
#include "methods/curvature/krylov_attribution.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// f for Ritz values theta [t, k] of C. It is 0 if theta + lambda is negative: along such a
// direction the recursion diverges.
at::Tensor NeumannSeries(const at::Tensor& theta, double lambda, double depth, double scaling) {
  const at::Tensor damped = theta.add(lambda);
  const at::Tensor sigma = damped.amax(1, /*keepdim=*/true).clamp_min(1e-300).mul(scaling);
  const at::Tensor share = damped.div(sigma);  // mu / sigma, at most 1
  // 1 - (1 - share)^(depth + 1), by logarithms so that a small share keeps its precision.
  const at::Tensor reached = share.clamp(0, 1).neg().log1p().mul(depth + 1).expm1().neg();
  return at::where(share.gt(1e-12), reached.div(damped), at::zeros_like(damped));
}

class InfluenceLissa : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const double depth = static_cast<double>(hyperparameters.Integer("depth"));
    const double scaling = hyperparameters.Real("scaling");
    KrylovOptions options;
    options.curvature = ParseCurvatureKind(hyperparameters);
    options.iterations = hyperparameters.Integer("iterations");
    options.damping = hyperparameters.DefaultDamping();
    return FitKrylovAttribution(
        task, *parameters, options,
        [depth, scaling](const at::Tensor& theta, double lambda) -> absl::StatusOr<at::Tensor> {
          return NeumannSeries(theta, lambda, depth, scaling);
        },
        ledger);
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_lissa, InfluenceLissa);

}  // namespace attribench
