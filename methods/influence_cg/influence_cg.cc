// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' x, with x the solution of (C + lambda I) x = q after k steps of conjugate
// gradients from x = 0. Lanczos steps give x for all test examples and all lambda at once: see
// FitKrylovAttribution.
#include "methods/curvature/krylov_attribution.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class InfluenceCg : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    KrylovOptions options;
    options.curvature = ParseCurvatureKind(hyperparameters);
    options.iterations = hyperparameters.Integer("iterations");
    options.tolerance = hyperparameters.Real("tolerance");
    options.damping = hyperparameters.DefaultDamping();
    return FitKrylovAttribution(task, *parameters, options, InversePositive, ledger);
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_cg, InfluenceCg);

}  // namespace attribench
