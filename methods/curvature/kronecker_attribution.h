// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_
#define ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/kronecker_model.h"

namespace attribench {

// Relative to which mean eigenvalue a damping is.
enum class DampingScope {
  kLayer,  // each layer's own: a layer's lambda is its own too
  kModel,  // that of all layers together: one lambda
};

// Scores g_i' (F + lambda)^-1 q, the mean over `models` (one per checkpoint). A damping costs one
// product [n, p] x [p, test], in blocks of rows: [n, p] is never there as a whole, [p, test] for
// one model at a time. `bytes` are for these and the examples' gradients: where they hold no
// [p, test], there are several walks through the training gradients, for some test examples each.
// FailedPrecondition where an eigenvalue and the damping are both 0.
std::unique_ptr<FittedAttribution> MakeKroneckerAttribution(std::vector<KroneckerModel> models,
                                                            DampingScope scope, double bytes);

// What kfac and ekfac share: the hyperparameters "fisher", "checkpoints" and "damping_scope".
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKroneckerAttribution(
    const AttributionTask& task, const Hyperparameters& hyperparameters,
    KroneckerEigenvalues eigenvalues, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_
