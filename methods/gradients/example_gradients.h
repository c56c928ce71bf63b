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

// Bytes that the gradient factors of one example take, in float32 for parameters in float32.
double GradientBytes(const Model& model, const Parameters& parameters);

// The gradients of a data set within a bound on memory: kept as factors where they fit into it,
// else computed again for some examples at a time, whenever these are asked for.
class ExampleGradients {
 public:
  // Keeps references to model and parameters. Errors as ComputeGradientFactors.
  static absl::StatusOr<ExampleGradients> Make(const Model& model, const Parameters& parameters,
                                               const Dataset& dataset, GradientTarget target,
                                               double bytes, CostLedger& ledger);

  int64_t size() const { return dataset_.size(); }
  int64_t num_parameters() const { return num_parameters_; }
  // Examples whose factors fit into the bound: all, or fewer.
  int64_t rows() const { return rows_; }

  // Factors of examples begin, ..., end - 1, in the memory of an earlier slice of these gradients
  // that `slice` may hold.
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

// Examples begin_a, ... of a beside examples begin_b, ... of b. Good until the next pair comes.
struct GradientPair {
  int64_t begin_a;
  const GradientFactors& a;
  int64_t begin_b;
  const GradientFactors& b;

  // The place of the pair in a matrix [a, b].
  at::Tensor BlockOf(const at::Tensor& matrix) const;
  // What VisitPairsOnce shows, to its place in a matrix [first, a], and its mirror image there.
  void PlaceOnce(const at::Tensor& block, at::Tensor& matrix) const;
};
using PairVisitor = std::function<void(const GradientPair&)>;

// Shows `visit` every example of a beside every example of b, slice by slice.
absl::Status VisitPairs(const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
                        const PairVisitor& visit);

// Each of the first `first` examples of a (as b of a pair) beside every example: where both are of
// the first, in one order or the other.
absl::Status VisitPairsOnce(const ExampleGradients& a, int64_t first, CostLedger& ledger,
                            const PairVisitor& visit);

// A matrix [a, b] whose blocks are `block_of` of the pairs.
absl::StatusOr<at::Tensor> PairMatrix(
    const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
    const std::function<at::Tensor(const GradientPair&)>& block_of);

// Inner products [a, b], and of the first examples of a with all, [first, a].
absl::StatusOr<at::Tensor> InnerProducts(const ExampleGradients& a, const ExampleGradients& b,
                                         CostLedger& ledger);
absl::StatusOr<at::Tensor> GramMatrix(const ExampleGradients& a, int64_t first, CostLedger& ledger);

// Cosines [a, b]; 0 where either gradient is 0.
absl::StatusOr<at::Tensor> Cosines(const ExampleGradients& a, const ExampleGradients& b,
                                   CostLedger& ledger);

// Random projections P' g_i [n, k] (see ProjectGradients), and 1 - p_y [n].
struct ProjectedGradients {
  at::Tensor features;
  at::Tensor label_probability_gap;  // float64
};
absl::StatusOr<ProjectedGradients> ProjectGradients(const ExampleGradients& gradients,
                                                    ProjectionKind kind, int64_t dimension,
                                                    uint64_t seed, CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_GRADIENTS_EXAMPLE_GRADIENTS_H_
