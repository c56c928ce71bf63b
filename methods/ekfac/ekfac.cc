// SPDX-License-Identifier: Apache-2.0
//
// score = g' (F + lambda I)^-1 q, layer by layer: the Fisher matrix diagonal in the eigenbasis of
// its Kronecker factors, with the diagonal as it is.
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
