// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_GRADIENTS_EXAMPLE_GRADIENTS_H_
#define ATTRIBENCH_METHODS_GRADIENTS_EXAMPLE_GRADIENTS_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "methods/cost_ledger.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/projection.h"

namespace attribench {

// Bytes of the gradient factors of one example, in the parameters' type.
double GradientBytes(const Model& model, const Parameters& parameters);

// The gradients of a dataset within a memory limit. They are kept as factors if they fit. If not,
// each slice is computed when it is asked for, every time.
class ExampleGradients {
 public:
  // `bytes` is the memory limit. Keeps references to model and parameters, which must outlive this
  // object. Errors are those of ComputeGradientFactors.
  static absl::StatusOr<ExampleGradients> Make(const Model& model, const Parameters& parameters,
                                               const Dataset& dataset, GradientTarget target,
                                               double bytes, CostLedger& ledger);

  int64_t size() const { return dataset_.size(); }
  int64_t num_parameters() const { return num_parameters_; }
  // The number of examples that fit into the limit; at least 1.
  int64_t rows() const { return rows_; }

  // Writes the factors of examples begin, ..., end - 1 to `slice`. If `slice` holds an earlier
  // slice of the same gradients, its memory is used again.
  absl::Status Slice(int64_t begin, int64_t end, CostLedger& ledger, GradientFactors& slice) const;

 private:
  const Model* model_ = nullptr;
  const Parameters* parameters_ = nullptr;
  Dataset dataset_;
  GradientTarget target_ = GradientTarget::kLoss;
  int64_t num_parameters_ = 0;
  int64_t rows_ = 0;
  std::optional<GradientFactors> whole_;
};

// A slice of the gradients a and a slice of the gradients b, from examples begin_a and begin_b on.
// Valid only during the call of the visitor.
struct GradientPair {
  int64_t begin_a;
  const GradientFactors& a;
  int64_t begin_b;
  const GradientFactors& b;

  // The block of a matrix [a, b] that belongs to this pair.
  at::Tensor BlockOf(const at::Tensor& matrix) const;
  // For VisitPairsOnce: copies `block` to its place in a matrix [first, a], and its transpose to
  // the mirrored place if there is one.
  void PlaceOnce(const at::Tensor& block, at::Tensor& matrix) const;
};
using PairVisitor = std::function<void(const GradientPair&)>;

// Calls `visit` with every pair of a slice of a and a slice of b.
absl::Status VisitPairs(const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
                        const PairVisitor& visit);

// Calls `visit` with pairs of slices of the same gradients, for matrices [first, a] that are
// symmetric in their first `first` columns. GradientPair::b is a slice of the first `first`
// examples, GradientPair::a a slice of all. Two slices of the first examples meet in one order
// only.
absl::Status VisitPairsOnce(const ExampleGradients& a, int64_t first, CostLedger& ledger,
                            const PairVisitor& visit);

// The matrix [a, b] with block_of(pair) as its blocks.
absl::StatusOr<at::Tensor> PairMatrix(
    const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
    const std::function<at::Tensor(const GradientPair&)>& block_of);

// Inner products of gradients: InnerProducts gives [a, b]. GramMatrix gives [first, a], the first
// `first` examples of a with all examples of a.
absl::StatusOr<at::Tensor> InnerProducts(const ExampleGradients& a, const ExampleGradients& b,
                                         CostLedger& ledger);
absl::StatusOr<at::Tensor> GramMatrix(const ExampleGradients& a, int64_t first, CostLedger& ledger);

// Squared norms of the gradients from example `begin` on, [size - begin].
absl::StatusOr<at::Tensor> SquaredNorms(const ExampleGradients& gradients, int64_t begin,
                                        CostLedger& ledger);

// Cosines of gradients, [a, b]; 0 if either gradient is 0.
absl::StatusOr<at::Tensor> Cosines(const ExampleGradients& a, const ExampleGradients& b,
                                   CostLedger& ledger);

struct ProjectedGradients {
  at::Tensor features;               // P' g_i, [n, k]
  at::Tensor label_probability_gap;  // 1 - p_y, [n] float64
};
// Random projections of the gradients; see ProjectGradients in projection.h. k is `dimension`.
absl::StatusOr<ProjectedGradients> ProjectGradients(const ExampleGradients& gradients,
                                                    ProjectionKind kind, int64_t dimension,
                                                    uint64_t seed, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_EXAMPLE_GRADIENTS_H_
