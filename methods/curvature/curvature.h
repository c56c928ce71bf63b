// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_
#define ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_

#include <optional>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {

// r vectors in the space of the model's parameters: one tensor [r, out, in + 1] per layer, in the
// layout of the gradients of [W | b].
using ParameterVectors = std::vector<at::Tensor>;

enum class CurvatureKind {
  kHessian,      // Hessian of the mean loss; may have negative eigenvalues
  kGaussNewton,  // mean of J' (diag(p) - p p') J, J the Jacobian of the logits: no negative ones
};

struct CurvatureProducts {
  ParameterVectors products;  // the curvature times each vector
  // [n, r]: inner products of each example's loss gradient, times its weight, with each vector.
  at::Tensor with_gradients;
};

// The curvature of the mean cross-entropy of a model, as an operator: the [p, p] matrix is never
// stored. The model must be a chain of linear layers with ReLU between them.
class Curvature {
 public:
  // `dataset` has the examples over which the mean is taken. The inputs of every layer are kept.
  // Unimplemented if the model is not such a chain; DataLoss if the logits are not finite.
  static absl::StatusOr<Curvature> Make(const Model& model, const Parameters& parameters,
                                        const CurvatureExamples& examples, CurvatureKind kind);

  // The curvature of the mean over a batch, `rows` [b] int64 of the examples. Weights stay as they
  // are: over random batches, the expectation is this curvature. A product with a vector counts as
  // b / n Hessian-vector products.
  Curvature Batch(const at::Tensor& rows) const;

  int64_t num_examples() const { return inputs_[0].size(0); }

  // The curvature times r vectors at once (Pearlmutter, Fast exact multiplication by the Hessian,
  // Neural Computation 6, 1994; Schraudolph, Fast curvature matrix-vector products for second-order
  // gradient descent, Neural Computation 14, 2002), in blocks of examples. Per layer this takes
  // matrix products [n, in] x [in, r out] or of that size: two for the first layer; six for the
  // others with the Hessian, four with the Gauss-Newton matrix. The inner products of the gradients
  // with the vectors come from the same forward pass: they are the derivatives of the loss along
  // the vectors. Charges r Hessian-vector products and the operations.
  CurvatureProducts Times(const ParameterVectors& vectors, CostLedger& ledger) const;

  // The trace divided by the dimension, which is the same for both kinds: as functions of one
  // layer's weights, the logits of a ReLU chain are piecewise linear, so the Hessian and the
  // Gauss-Newton matrix have the same diagonal. Exact; takes and charges one backward pass per
  // class.
  double MeanEigenvalue(CostLedger& ledger) const;

  // The number of rows of the matrix: all weights and biases.
  int64_t dimension() const;

 private:
  // Derivatives along r vectors for a block of b examples.
  struct Derivatives {
    std::vector<at::Tensor> inputs;  // of each layer's input [b, r, in]; undefined for the first
    at::Tensor logits;               // [b, r, classes]
  };
  Derivatives Forward(const ParameterVectors& vectors, int64_t begin, int64_t end) const;
  // Adds the block's sum to `products`. `along_deltas` has the derivatives of the deltas at the
  // logits along each vector, [b, r, classes].
  void Backward(const ParameterVectors& vectors, const Derivatives& along, at::Tensor along_deltas,
                int64_t begin, int64_t end, ParameterVectors& products) const;

  CurvatureKind kind_ = CurvatureKind::kHessian;
  double share_ = 1;                 // of the examples: below 1 in a batch
  std::vector<at::Tensor> weights_;  // per layer [out, in]
  std::vector<at::Tensor> inputs_;   // per layer [n, in + 1], the last column 1
  std::vector<at::Tensor> masks_;    // per hidden layer [n, out]: 1 if the unit is active, else 0
  std::vector<at::Tensor> deltas_;   // per layer [n, out]: loss gradients at its output
  at::Tensor probabilities_;         // [n, classes]
  at::Tensor example_weights_;       // [n, 1] with mean 1; undefined: all 1
};

// The gradients of n examples as n parameter vectors.
ParameterVectors AsVectors(const GradientFactors& factors);

// The training examples' gradients, if CurvatureProducts::with_gradients does not have them because
// the curvature examples are others.
absl::StatusOr<std::optional<GradientFactors>> MissingTrainingGradients(
    const AttributionTask& task, const Parameters& parameters, CostLedger& ledger);

// Inner products of examples' gradients with vectors, [n, r].
at::Tensor InnerProducts(const GradientFactors& factors, const ParameterVectors& vectors,
                         CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_
