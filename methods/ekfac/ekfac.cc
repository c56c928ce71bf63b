// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' (F + lambda I)^-1 q, summed over layers. F approximates a layer's Fisher matrix:
// it is diagonal in the eigenbasis of the Kronecker factors, with the exact diagonal of the Fisher
// matrix in that basis.
#include "methods/curvature/kronecker_attribution.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Ekfac : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    return FitKroneckerAttribution(task, hyperparameters, KroneckerEigenvalues::kSecondMoments,
                                   ledger);
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(ekfac, Ekfac);

}  // namespace attribench
