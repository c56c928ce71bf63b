// SPDX-License-Identifier: Apache-2.0
//
// score = g' (A kron S + lambda I)^-1 q, layer by layer: the Fisher matrix as a Kronecker product.
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
