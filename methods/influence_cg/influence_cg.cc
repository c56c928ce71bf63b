// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' x with (C + lambda I) x = q, x after k steps of conjugate gradients from 0: for
// every test example at once, and for every lambda at once, by Lanczos's steps.
#include "methods/curvature/krylov_attribution.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class InfluenceCg : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
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
