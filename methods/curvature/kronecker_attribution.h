// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_
#define ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/curvature/kronecker_model.h"

namespace attribench {

// The mean eigenvalue that a relative damping refers to.
enum class DampingScope {
  kLayer,  // each layer's own, so that each layer has its own lambda
  kModel,  // that of all layers together: one lambda
};

// Scores g_i' (F + lambda)^-1 q, the mean over `models` (one per checkpoint). A damping costs one
// product [n, p] x [p, test], in blocks of rows. [n, p] never exists as a whole, and [p, test]
// exists for one model at a time. `bytes` is the memory for these blocks, for [p, test] and
// for the examples' gradients. If [p, test] does not fit, the test examples are divided into
// parts, and each part takes one walk through the training gradients.
// FailedPrecondition if an eigenvalue and the damping are both 0.
std::unique_ptr<FittedAttribution> MakeKroneckerAttribution(std::vector<KroneckerModel> models,
                                                            DampingScope scope, double bytes);

// Fit of kfac and ekfac: the hyperparameters "fisher", "checkpoints", "damping_scope" and
// "curvature_fraction".
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKroneckerAttribution(
    const AttributionTask& task, const Hyperparameters& hyperparameters,
    KroneckerEigenvalues eigenvalues, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_KRONECKER_ATTRIBUTION_H_
