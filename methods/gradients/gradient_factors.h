// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_
#define ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_

#include <functional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "methods/cost_ledger.h"

namespace attribench {

// Per-example gradients of one layer, position by position. The gradient of example i, [out, in],
// is the sum over positions s of the outer products deltas_is inputs_is'. A linear layer has one
// position. A convolution has one position per pixel of its output. The gradient of batch norm is
// not a sum of outer products: its entries are stored as deltas, with 1 as the input.
struct LayerPositions {
  at::Tensor inputs;  // [b, s, in]; the last column is 1 if the layer has a bias
  at::Tensor deltas;  // [b, s, out]: gradients at the layer's output
};

// The gradients of a block of examples.
struct GradientBlock {
  int64_t begin;  // index of the first example
  std::vector<LayerPositions> layers;
  at::Tensor label_probability_gap;  // [b] float64: 1 - p_y
};

// Per-example gradients of one layer, one outer product delta_i input_i' per example. If the layer
// has several positions, the gradients are summed over positions and stored in full: the deltas are
// the entries of the gradient, with 1 as the input.
struct LayerFactors {
  at::Tensor inputs;  // [n, in]
  at::Tensor deltas;  // [n, out]
};

// The per-example gradients of a model with respect to all parameters, layer by layer in the order
// of Model::layers(). The [n, p] matrix of gradients is never stored for linear layers.
struct GradientFactors {
  std::vector<LayerFactors> layers;
  at::Tensor label_probability_gap;  // [n] float64: 1 - p_y

  int64_t num_examples() const { return layers.front().inputs.size(0); }
  int64_t num_parameters() const;
};

// The function that is differentiated.
enum class GradientTarget {
  kLoss,    // the example's cross-entropy
  kMargin,  // z_y - logsumexp_{j != y} z_j, as in TRAK (Park et al., ICML 2023, section 3)
};

// Calls `visit` with the gradients of all examples, block by block. Each block takes one forward
// and one backward pass, in evaluation mode and in the parameters' type. A block's activations take
// at most 128 MiB in float32. The gradient at the logits is computed in float64, so that examples
// with a probability near 1 keep a gradient. Charges one gradient evaluation per example. DataLoss
// if a gradient is not finite.
using GradientVisitor = std::function<void(const GradientBlock&)>;
absl::Status VisitGradients(const Model& model, const Parameters& parameters,
                            const Dataset& dataset, GradientTarget target, CostLedger& ledger,
                            const GradientVisitor& visit);

// For logits [n, classes], vectors [n, classes, classes - 1] float64: the outer products of the
// classes - 1 vectors of an example sum to diag(p) - p p', with p the model's probabilities. They
// are its Cholesky factor (Tanabe and Sagae, An exact Cholesky decomposition and the generalized
// inverse of the variance-covariance matrix of the multinomial distribution, JRSS B 1992), and are
// accurate even if all probabilities except one are tiny.
at::Tensor FisherRootsAtLogits(const at::Tensor& logits);

// Square roots of the true Fisher matrix for a block of examples. Example i has classes - 1 roots
// r_ik, with sum_k r_ik r_ik' = E_y[g_i g_i'], the expectation over labels y drawn from the model.
// Like a gradient, r_ik is layer by layer the sum over positions of delta_iks input_is'.
struct LayerRoots {
  at::Tensor inputs;  // [b, s, in]
  at::Tensor deltas;  // [b, out, k, s]
};
struct FisherRoots {
  int64_t begin;  // index of the first example
  std::vector<LayerRoots> layers;
};

// Calls `visit` with the roots of all examples, block by block. Each block takes one forward pass
// and classes - 1 backward passes. Everything else is as for VisitGradients. InvalidArgument if the
// model has one class.
using FisherRootVisitor = std::function<void(const FisherRoots&)>;
absl::Status VisitFisherRoots(const Model& model, const Parameters& parameters,
                              const Dataset& dataset, CostLedger& ledger,
                              const FisherRootVisitor& visit);

// The gradients in `positions`, summed over positions: one outer product per example.
LayerFactors SumOverPositions(const LayerPositions& positions);

// Copies `rows`, which belong to examples begin, begin + 1, ..., into the tensor `all`, which has
// one row for each of the n examples. The call with begin = 0 allocates `all`, or uses its memory
// again if the shape is right. If `rows` has all n rows, `all` becomes `rows` and nothing is
// copied.
void PutRows(const at::Tensor& rows, int64_t begin, int64_t n, at::Tensor& all);
// The same for SumOverPositions(positions). The sums are computed in place in `all`.
void PutSums(const LayerPositions& positions, int64_t begin, int64_t n, LayerFactors& all);

// The gradients of all examples at once, by VisitGradients.
absl::StatusOr<GradientFactors> ComputeGradientFactors(const Model& model,
                                                       const Parameters& parameters,
                                                       const Dataset& dataset,
                                                       GradientTarget target, CostLedger& ledger);

// The same, written to `factors`. Memory that an earlier call allocated there is used again.
absl::Status ComputeGradientFactorsInto(const Model& model, const Parameters& parameters,
                                        const Dataset& dataset, GradientTarget target,
                                        CostLedger& ledger, GradientFactors& factors);

// Inner products of gradients, [a, b]: the sum over layers of (A_a A_b') o (D_a D_b'), with A a
// layer's inputs, D its deltas and o the elementwise product. Charges the operations.
at::Tensor InnerProducts(const GradientFactors& a, const GradientFactors& b, CostLedger& ledger);

// Squared norms of gradients, [n].
at::Tensor SquaredNorms(const GradientFactors& factors);

// The gradients as a matrix [n, p]: layer after layer, each row by row of [W | b]. Only for small
// models and for tests.
at::Tensor ExplicitGradients(const GradientFactors& factors);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_
