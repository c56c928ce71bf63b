// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_
#define ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "methods/cost_ledger.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {

// Vectors in the space of a chain's parameters: one matrix per layer, [r, out, in + 1] for r
// vectors, laid out as the gradients of [W | b] are.
using ParameterVectors = std::vector<at::Tensor>;

enum class CurvatureKind {
  kHessian,      // of the mean loss; may have negative eigenvalues
  kGaussNewton,  // J' H_logits J, without the second derivatives of the logits: none is negative
};

struct CurvatureProducts {
  ParameterVectors products;  // curvature times each vector
  at::Tensor with_gradients;  // [n, r]: the examples' loss gradients times each vector
};

// The curvature of the mean cross-entropy of a chain of linear layers with ReLU between them, as an
// operator: never formed.
class Curvature {
 public:
  // Unimplemented where the model is no such chain; DataLoss where the checkpoint gives logits that
  // are not finite. Keeps what every layer saw.
  static absl::StatusOr<Curvature> Make(const Model& model, const Parameters& parameters,
                                        const Dataset& dataset, CurvatureKind kind);

  // Curvature times each of r vectors at once (Pearlmutter, Fast exact multiplication by the
  // Hessian, Neural Computation 6, 1994; Schraudolph, Fast curvature matrix-vector products for
  // second-order gradient descent, Neural Computation 14, 2002): four matrix products [n, p] x
  // [p, r] at most for products of the first layer, six for the others, in blocks of examples. The
  // gradients' inner products with the vectors are the loss's derivatives along them, which the
  // forward pass yields on its way. Charges r Hessian-vector products.
  CurvatureProducts Times(const ParameterVectors& vectors, CostLedger& ledger) const;

  // Trace over dimension. The kinds share it: with one layer's weights alone varied, the logits of
  // a ReLU chain are piecewise linear, so that what the Hessian has beyond the Gauss-Newton matrix
  // stands off its diagonal. Exact, by a backward pass for each class.
  double MeanEigenvalue(CostLedger& ledger) const;

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
  std::vector<at::Tensor> weights_;  // per layer [out, in]
  std::vector<at::Tensor> inputs_;   // per layer [n, in + 1], the last column 1
  std::vector<at::Tensor> masks_;    // per hidden layer [n, out]: 1 where the unit is on
  std::vector<at::Tensor> deltas_;   // per layer [n, out]: loss gradients at its output
  at::Tensor probabilities_;         // [n, classes]
};

// Gradients of examples as vectors, each [n, out, in + 1].
ParameterVectors AsVectors(const GradientFactors& factors);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_CURVATURE_H_
