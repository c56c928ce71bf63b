// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' (S kron A + lambda I)^-1 q, summed over layers. The Kronecker product S kron A
// approximates the Fisher matrix of a layer: see kronecker_model.h.
#include "methods/curvature/kronecker_attribution.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Kfac : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    return FitKroneckerAttribution(task, hyperparameters, KroneckerEigenvalues::kProducts, ledger);
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(kfac, Kfac);

}  // namespace attribench
