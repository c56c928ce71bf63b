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

// A layer's gradients of examples as it meets them: that of example i, out x in, is the sum over
// positions s of the outer products deltas_is inputs_is'. A linear layer has one position, a
// convolution as many as its output has pixels. The gradient of batch norm is no such sum: its
// numbers are the deltas, with 1 as input.
struct LayerPositions {
  at::Tensor inputs;  // [b, s, in]; the last is 1 where the layer has a bias
  at::Tensor deltas;  // [b, s, out]: gradients at the layer's output
};

// Some examples' gradients.
struct GradientBlock {
  int64_t begin;  // number of the first example
  std::vector<LayerPositions> layers;
  at::Tensor label_probability_gap;  // [b] float64: 1 - p_y
};

// A layer's gradients as one outer product an example, delta_i input_i'. Where there are several
// positions, the sum over them is written out: deltas are the gradients' numbers, with 1 as input.
struct LayerFactors {
  at::Tensor inputs;  // [n, in]
  at::Tensor deltas;  // [n, out]
};

// The per-example gradients of a model with respect to all parameters, layer by layer: of linear
// layers, n x p numbers that are never written out.
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

// Shows `visit` the gradients of all examples, block by block: one forward and one backward pass
// each, in evaluation mode, in the parameters' type. A block's activations stay below 128 MiB in
// float32. The gradient at the logits is formed in double, so that examples fitted almost perfectly
// keep theirs. Charges one gradient evaluation an example. DataLoss where a gradient is not finite.
using GradientVisitor = std::function<void(const GradientBlock&)>;
absl::Status VisitGradients(const Model& model, const Parameters& parameters,
                            const Dataset& dataset, GradientTarget target, CostLedger& ledger,
                            const GradientVisitor& visit);

// Vectors [classes, classes - 1] at the logits for each example, [n, ., .] float64, whose outer
// products sum to diag(p) - p p', p the model's probabilities: its Cholesky factor (Tanabe and
// Sagae, An exact Cholesky decomposition and the generalized inverse of the variance-covariance
// matrix of the multinomial distribution, JRSS B 1992), accurate where all but one p are tiny.
at::Tensor FisherRootsAtLogits(const at::Tensor& logits);

// Some examples' square roots of the true Fisher matrix: vectors r_ik, as many as classes less one,
// that are to example i's gradients over all labels y as one sum: sum_k r_ik r_ik' = E_y[g_i g_i'].
// As the gradients are, r_ik is layer by layer the sum over positions of delta_iks input_is'.
struct LayerRoots {
  at::Tensor inputs;  // [b, s, in]
  at::Tensor deltas;  // [b, out, k, s]
};
struct FisherRoots {
  int64_t begin;  // number of the first example
  std::vector<LayerRoots> layers;
};

// Shows `visit` the roots of all examples, block by block: one forward pass, and as many backward
// passes as there are roots. Otherwise as VisitGradients; InvalidArgument where there is one class.
using FisherRootVisitor = std::function<void(const FisherRoots&)>;
absl::Status VisitFisherRoots(const Model& model, const Parameters& parameters,
                              const Dataset& dataset, CostLedger& ledger,
                              const FisherRootVisitor& visit);

// The gradients of a block with the sums over positions written out: what `positions` has, as one
// outer product an example.
LayerFactors SumOverPositions(const LayerPositions& positions);

// Puts `rows`, of a block that begins with example `begin`, to their place among all n, which the
// first block makes room for, in the memory of `all` where that is of the right shape. One block
// that has them all is what is wanted, and is not copied.
void PutRows(const at::Tensor& rows, int64_t begin, int64_t n, at::Tensor& all);
// The same of SumOverPositions, each sum written where it belongs.
void PutSums(const LayerPositions& positions, int64_t begin, int64_t n, LayerFactors& all);

// The gradients of all examples at once, by VisitGradients.
absl::StatusOr<GradientFactors> ComputeGradientFactors(const Model& model,
                                                       const Parameters& parameters,
                                                       const Dataset& dataset,
                                                       GradientTarget target, CostLedger& ledger);

// The same into `factors`, in the memory of what an earlier call left there.
absl::Status ComputeGradientFactorsInto(const Model& model, const Parameters& parameters,
                                        const Dataset& dataset, GradientTarget target,
                                        CostLedger& ledger, GradientFactors& factors);

// Inner products of gradients [a, b]: sum over layers of (A_a A_b') o (D_a D_b').
at::Tensor InnerProducts(const GradientFactors& a, const GradientFactors& b, CostLedger& ledger);

// Squared norms of gradients [n].
at::Tensor SquaredNorms(const GradientFactors& factors);

// The gradients themselves [n, p], in the order of the layers and row by row of [W | b]: for small
// models, and for checking the rest against.
at::Tensor ExplicitGradients(const GradientFactors& factors);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_GRADIENT_FACTORS_H_
