// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_
#define ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/model.h"
#include "methods/cost_ledger.h"

namespace attribench {

// The per-example gradients of one linear layer, as factors: for example i, the gradient with
// respect to [W | b] is the outer product delta_i input_i', out x (in + 1).
struct LayerFactors {
  at::Tensor inputs;  // [n, in + 1]; the last column is 1, for the bias
  at::Tensor deltas;  // [n, out]: gradients at the layer's output
};

// The per-example gradients of a model with respect to all parameters, layer by layer: n x p
// numbers that are never written out.
struct GradientFactors {
  std::vector<LayerFactors> layers;
  at::Tensor label_probability_gap;  // [n] float64: 1 - p_y

  int64_t num_examples() const { return layers.front().inputs.size(0); }
  int64_t num_parameters() const;
};

// Of what the gradient is taken.
enum class GradientTarget {
  kLoss,    // the example's cross-entropy
  kMargin,  // z_y - logsumexp_{j != y} z_j, as in TRAK
};

// One forward and one backward pass of all examples at once, in evaluation mode, in the parameters'
// type. The gradient at the logits is formed in double, so that examples fitted almost perfectly
// keep theirs. Charges one gradient evaluation an example. DataLoss where a gradient is not finite.
absl::StatusOr<GradientFactors> ComputeGradientFactors(const Model& model,
                                                       const Parameters& parameters,
                                                       const Dataset& dataset,
                                                       GradientTarget target, CostLedger& ledger);

// Inner products of gradients [a, b]: sum over layers of (A_a A_b') o (D_a D_b').
at::Tensor InnerProducts(const GradientFactors& a, const GradientFactors& b, CostLedger& ledger);

// Squared norms of gradients [n].
at::Tensor SquaredNorms(const GradientFactors& factors);

// The gradients themselves [n, p], in the order of the layers and row by row of [W | b]: for small
// models, and for checking the rest against.
at::Tensor ExplicitGradients(const GradientFactors& factors);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_
