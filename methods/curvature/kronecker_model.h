// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_KRONECKER_MODEL_H_
#define ATTRIBENCH_METHODS_CURVATURE_KRONECKER_MODEL_H_

#include <functional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {

// Numbers in a block of explicit gradients: 128 MiB in float32.
inline constexpr int64_t kExplicitNumbers = int64_t{1} << 25;

// The labels over which the Fisher matrix takes its expectation.
enum class FisherKind {
  kTrue,       // the model's own: all classes with their probabilities, no sampling
  kEmpirical,  // the labels of the curvature examples
};

// The diagonal in the Kronecker-factored eigenbasis.
enum class KroneckerEigenvalues {
  kProducts,       // products of the factors' eigenvalues: K-FAC
  kSecondMoments,  // second moments of the gradients along each basis vector: EK-FAC
};

// Eigenvectors of a layer's Kronecker factors, as columns, in the gradients' type.
struct KroneckerBasis {
  at::Tensor inputs;  // Q_A [in, in]
  at::Tensor deltas;  // Q_S [out, out]

  // Gradients [r, out in], each stored row by row, into the basis: Q_S' V Q_A; and back: Q_S V
  // Q_A'.
  at::Tensor Into(const at::Tensor& gradients, Cost& cost) const;
  at::Tensor Back(const at::Tensor& gradients, Cost& cost) const;
};

// The Fisher matrix of one layer, [out in, out in], by its eigenvectors Q_S kron Q_A and its
// eigenvalues; and the test examples' gradients as factors.
struct KroneckerLayer {
  at::Tensor eigenvalues;  // [out, in] float64, at least 0; [out in, 1] if written out
  // In the basis: inputs [t, s, in] times Q_A, deltas [t, s, out] times Q_S. If the positions take
  // more memory than their sum, the sum is kept: deltas [t, 1, out in] with 1 as input.
  LayerPositions test;
  KroneckerBasis basis;
  // The layer's training gradients are sums over positions, stored in full: deltas with 1 as input.
  bool written_out = false;
};

struct KroneckerModel {
  std::vector<KroneckerLayer> layers;
  int64_t num_train = 0;
  double bytes = 0;       // memory of the examples' gradients that are kept
  double walk_bytes = 0;  // and of those that visit_train computes at a time
  // Calls the visitor with the training examples' gradients, block by block. They are kept if they
  // fit, else computed again. Factors are in the basis. Gradients that are written out are not in
  // the basis, because it is cheaper to rotate the other side of their product.
  using Visitor = std::function<void(int64_t begin, const std::vector<LayerFactors>& layers)>;
  std::function<absl::Status(const Visitor&, CostLedger&)> visit_train;
};

// With a_i the inputs of a layer (and a 1) and d_i the loss gradients at its outputs,
//   A = E[a a'] = Q_A diag Q_A',   S = E[d d'] = Q_S diag Q_S'
// over the task's curvature examples with their weights (Martens and Grosse, Optimizing neural
// networks with Kronecker-factored approximate curvature, ICML 2015). EK-FAC's eigenvalues: George
// et al., Fast approximate natural gradient descent in a Kronecker-factored eigenbasis, NeurIPS
// 2018, section 3. For a convolution, A is the expectation of the sum over positions and S that of
// their mean (Grosse and Martens, A Kronecker-factored approximate Fisher matrix for convolution
// layers, ICML 2016). For batch norm, A is 1 and S is the layer's whole Fisher matrix. Errors as
// VisitGradients; Internal if an eigendecomposition fails.
absl::StatusOr<KroneckerModel> FitKroneckerModel(const AttributionTask& task,
                                                 const Parameters& parameters, FisherKind fisher,
                                                 KroneckerEigenvalues eigenvalues,
                                                 CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_KRONECKER_MODEL_H_
