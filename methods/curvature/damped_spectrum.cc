// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/damped_spectrum.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/curvature/damped_solution.h"
#include "methods/curvature/eigendecomposition.h"
#include "methods/curvature/held_out_criterion.h"
#include "methods/curvature/symmetric_product.h"

namespace attribench {
namespace {

// f(mu) of a group, [r] float64, and f(0).
struct Filtered {
  at::Tensor values;
  double at_zero = 0;  // if the group has something outside its span
};

// Kernel form if the curvature examples are the training examples.
DampedSpectrum OfTrainingKernel(const DampedMatrix& damped, const Eigendecomposition& eigen,
                                Cost& cost) {
  const double n = static_cast<double>(damped.matrix.size(0));
  DampedSpectrum spectrum;
  spectrum.right = at::matmul(eigen.vectors.t(), damped.right);
  cost.flops = 2 * n * n * static_cast<double>(damped.right.size(1));
  spectrum.eigenvalues = eigen.values;
  spectrum.moment_weights = at::full_like(eigen.values, 1 / n);
  spectrum.left = eigen.vectors;
  return spectrum;
}

// Kernel form of other curvature examples.
DampedSpectrum OfOtherKernel(const DampedMatrix& damped, const Eigendecomposition& eigen,
                             Cost& cost) {
  const at::ScalarType type = damped.outside.scalar_type();
  // Directions below the rounding of the gradients' type belong to what is outside the span.
  const double rounding = type == at::kDouble ? 1e-13 : 1e-6;
  const at::Tensor kept =
      eigen.values.gt(rounding * eigen.values.max().item<double>()).nonzero().squeeze(1);
  DampedSpectrum spectrum;
  spectrum.eigenvalues = eigen.values.index_select(0, kept);
  spectrum.moment_weights = spectrum.eigenvalues;
  const at::Tensor basis =
      eigen.vectors.index_select(1, kept).div(spectrum.eigenvalues.sqrt());  // [m, r]
  const at::Tensor left = at::matmul(damped.left, basis);
  const at::Tensor right = at::matmul(basis.t(), damped.right);
  spectrum.outside = damped.outside.to(at::kDouble).sub(at::matmul(left, right)).to(type);
  spectrum.left = left.to(type);
  spectrum.right = right.to(type);
  cost.flops =
      2.0 * basis.numel() * (left.size(0) + right.size(1)) + 2.0 * left.numel() * right.size(1);
  return spectrum;
}

// Feature form.
DampedSpectrum OfFeatures(const DampedMatrix& damped, const Eigendecomposition& eigen, Cost& cost) {
  const double k = static_cast<double>(damped.matrix.size(0));
  DampedSpectrum spectrum;
  const at::Tensor vectors = eigen.vectors.to(damped.left.scalar_type());
  spectrum.left = at::matmul(damped.left, vectors);
  spectrum.right = at::matmul(vectors.t(), damped.right);
  cost.flops = 2 * k * k * static_cast<double>(damped.left.size(0) + damped.right.size(1));
  spectrum.eigenvalues = eigen.values;
  spectrum.moment_weights = eigen.values;
  return spectrum;
}

absl::StatusOr<DampedSpectrum> Decompose(const DampedMatrix& damped, CostLedger& ledger) {
  const auto eigen = DecomposeSymmetric(damped.matrix, ledger);
  if (!eigen.ok()) return eigen.status();
  Cost cost;
  DampedSpectrum spectrum = !damped.left.defined()     ? OfTrainingKernel(damped, *eigen, cost)
                            : damped.outside.defined() ? OfOtherKernel(damped, *eigen, cost)
                                                       : OfFeatures(damped, *eigen, cost);
  ledger.Charge(cost);
  spectrum.trace = damped.matrix.trace().item<double>();
  spectrum.dimension = damped.dimension;
  spectrum.is_of_features = damped.is_of_features;
  if (damped.test_squares.defined()) spectrum.kernel = damped;
  return spectrum;
}

absl::StatusOr<DampedSpectrum> MakeSpectrum(DampedMatrix damped, bool one_damping,
                                            CostLedger& ledger) {
  if (!one_damping) return Decompose(damped, ledger);
  DampedSpectrum spectrum;
  spectrum.trace = damped.matrix.trace().item<double>();
  spectrum.dimension = damped.dimension;
  spectrum.undecomposed = std::move(damped);
  return spectrum;
}

// The scores [train, test] by a Cholesky factor. FailedPrecondition if there is none.
absl::StatusOr<at::Tensor> ScoresByFactor(const DampedMatrix& damped, double lambda,
                                          CostLedger& ledger) {
  if (!(lambda > 0)) return absl::FailedPreconditionError("a damping of 0");
  const auto solution = DampedSolution(damped.matrix, lambda, damped.right, ledger);
  if (!solution.ok()) return solution.status();
  const at::ScalarType type = damped.right.scalar_type();
  if (!damped.left.defined()) return solution->to(type);
  Cost cost;
  cost.flops = 2.0 * damped.left.numel() * damped.right.size(1);
  ledger.Charge(cost);
  if (!damped.outside.defined()) return at::matmul(damped.left, solution->to(type));
  return damped.outside.to(at::kDouble)
      .sub(at::matmul(damped.left, *solution))
      .div(lambda)
      .to(damped.outside.scalar_type());
}

// The features of a group's training and test examples.
absl::StatusOr<FeatureGroup> FeaturesOf(const DampedSpectrum& group) {
  const bool is_decomposed = !group.undecomposed.has_value();
  if (is_decomposed ? group.is_of_features : group.undecomposed->is_of_features) {
    return is_decomposed
               ? FeatureGroup::Of(group.left, group.right.t())
               : FeatureGroup::Of(group.undecomposed->left, group.undecomposed->right.t());
  }
  const std::optional<DampedMatrix>& kernel = is_decomposed ? group.kernel : group.undecomposed;
  if (!kernel.has_value() || !kernel->test_squares.defined()) {
    return absl::UnimplementedError("the damped matrix is not made of the training examples");
  }
  FeatureGroup features;
  features.kernel = kernel->matrix;
  features.kernel_divisor = static_cast<double>(kernel->matrix.size(0));
  features.cross = kernel->right;
  features.test_squares = kernel->test_squares;
  features.dimension = kernel->dimension;
  return features;
}

class DampedAttribution : public FittedAttribution {
 public:
  DampedAttribution(std::vector<SpectralGroups> checkpoints, DampedAttributionOptions options)
      : num_checkpoints_(static_cast<double>(checkpoints.size())),
        is_inverse_(options.filter == nullptr),
        options_(std::move(options)) {
    if (is_inverse_) options_.filter = InverseFilter();
    for (SpectralGroups& of_checkpoint : checkpoints) {
      for (DampedSpectrum& group : of_checkpoint) groups_.push_back(std::move(group));
      ends_.push_back(groups_.size());
    }
  }

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    Cost cost;
    for (DampedSpectrum& group : groups_) {
      if (group.undecomposed.has_value()) {
        const absl::StatusOr<at::Tensor> by_factor = ScoresByFactor(group, damping, ledger);
        if (by_factor.ok()) {
          scores = scores.defined() ? scores.add_(*by_factor) : *by_factor;
          continue;
        }
        if (!absl::IsFailedPrecondition(by_factor.status())) return by_factor.status();
        // An eigendecomposition sets eigenvalues below 0 to 0, and so has an answer.
        if (const absl::Status status = Decompose(group, ledger); !status.ok()) return status;
      }
      const absl::StatusOr<Filtered> filtered = Filter(group, damping);
      if (!filtered.ok()) return filtered.status();
      const at::ScalarType type = group.right.scalar_type();
      const at::Tensor right = group.right.mul(filtered->values.to(type).unsqueeze(1));
      if (scores.defined()) {
        scores.addmm_(group.left, right);
      } else {
        scores = at::matmul(group.left, right);
      }
      if (group.outside.defined()) scores.add_(group.outside, filtered->at_zero);
      cost.flops += 2.0 * group.left.size(0) * group.left.size(1) * group.right.size(1);
    }
    scores.div_(num_checkpoints_);
    if (options_.train_weights.defined()) {
      scores.mul_(options_.train_weights.to(scores.scalar_type()).unsqueeze(1));
    }
    ledger.Charge(cost);
    return scores;
  }

  absl::Status PrepareManyDampings(CostLedger& ledger) override {
    for (DampedSpectrum& group : groups_) {
      if (const absl::Status status = Decompose(group, ledger); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override;

  absl::StatusOr<HeldOutPredictions> PredictHeldOut(const HeldOutSplit& split,
                                                    const std::vector<Damping>& dampings,
                                                    CostLedger& ledger) override;

  absl::StatusOr<std::unique_ptr<TrainingTargetScorer>> ScoreTrainingTargets(
      const at::Tensor& subsets, CostLedger& ledger) override;

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double sum = 0;
    for (const DampedSpectrum& group : groups_) {
      const absl::StatusOr<double> lambda = AbsoluteDamping(damping, group.trace, group.dimension);
      if (!lambda.ok()) return lambda.status();
      sum += *lambda;
    }
    return sum / static_cast<double>(groups_.size());
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    if (const absl::Status status = PrepareManyDampings(ledger); !status.ok()) return status;
    SpectralMoments moments;
    at::Tensor* const sums[] = {&moments.t1, &moments.t2, &moments.t3};
    Cost cost;
    for (const DampedSpectrum& group : groups_) {
      const at::Tensor squares = group.right.to(at::kDouble).square();
      std::vector<at::Tensor> filters;  // [r] each
      for (const Damping& damping : dampings) {
        const absl::StatusOr<Filtered> filtered = Filter(group, damping);
        if (!filtered.ok()) return filtered.status();
        filters.push_back(filtered->values);
      }
      const at::Tensor filter = at::stack(filters);
      at::Tensor weights = filter.mul(group.moment_weights).div_(num_checkpoints_);
      for (at::Tensor* sum : sums) {
        const at::Tensor term = at::matmul(weights, squares);
        *sum = sum->defined() ? sum->add(term) : term;
        weights = weights.mul(filter);
      }
      cost.flops += (6.0 * dampings.size() + 1) * squares.numel();
    }
    ledger.Charge(cost);
    return moments;
  }

 private:
  class TrainingTargets;

  // Sums the rows of L over each of the m subsets once. A damping then costs m r t, not n r t.
  class Subsets : public SubsetScorer {
   public:
    Subsets(const DampedAttribution& fitted, at::Tensor members, CostLedger& ledger)
        : fitted_(fitted) {
      Cost cost;
      for (const DampedSpectrum& group : fitted.groups_) {
        lefts_.push_back(at::matmul(members, group.left.to(at::kDouble)));
        outsides_.push_back(group.outside.defined()
                                ? at::matmul(members, group.outside.to(at::kDouble))
                                : at::Tensor());
        cost.flops += 2.0 * members.size(0) * group.left.numel();
      }
      ledger.Charge(cost);
    }

    absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
      at::Tensor sums;
      Cost cost;
      for (size_t i = 0; i < lefts_.size(); ++i) {
        const DampedSpectrum& group = fitted_.groups_[i];
        const absl::StatusOr<Filtered> filtered = fitted_.Filter(group, damping);
        if (!filtered.ok()) return filtered.status();
        const at::Tensor term =
            at::matmul(lefts_[i].mul(filtered->values), group.right.to(at::kDouble));
        sums = sums.defined() ? sums.add_(term) : term;
        if (outsides_[i].defined()) sums.add_(outsides_[i], filtered->at_zero);
        cost.flops += 2.0 * lefts_[i].numel() * group.right.size(1);
      }
      ledger.Charge(cost);
      sums.div_(fitted_.num_checkpoints_);
      if (const absl::Status status = CheckFinite(sums, "sums of scores"); !status.ok()) {
        return status;
      }
      return sums;
    }

   private:
    const DampedAttribution& fitted_;
    std::vector<at::Tensor> lefts_;     // [subsets, r] float64, one a group
    std::vector<at::Tensor> outsides_;  // [subsets, test] float64, one a group; may be undefined
  };

  // subsets [m, train] bool: 0 and the rows' weights, [m, train] float64.
  absl::StatusOr<at::Tensor> WeightedMembers(const at::Tensor& subsets) const {
    if (const absl::Status status = CheckSubsets(subsets, groups_.front().left.size(0));
        !status.ok()) {
      return status;
    }
    const at::Tensor members = subsets.to(at::kDouble);
    return options_.train_weights.defined() ? members.mul(options_.train_weights.to(at::kDouble))
                                            : members;
  }

  // FailedPrecondition if a Cholesky factor does not give the scores.
  absl::StatusOr<at::Tensor> ScoresByFactor(const DampedSpectrum& group, const Damping& damping,
                                            CostLedger& ledger) const {
    if (!is_inverse_) return absl::FailedPreconditionError("another filter than the inverse");
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, group.trace, group.dimension);
    if (!lambda.ok()) return lambda.status();
    return attribench::ScoresByFactor(*group.undecomposed, *lambda, ledger);
  }

  static absl::Status Decompose(DampedSpectrum& group, CostLedger& ledger) {
    if (!group.undecomposed.has_value()) return absl::OkStatus();
    absl::StatusOr<DampedSpectrum> spectrum = attribench::Decompose(*group.undecomposed, ledger);
    if (spectrum.ok()) group = *std::move(spectrum);
    return spectrum.status();
  }

  absl::StatusOr<Filtered> Filter(const DampedSpectrum& group, const Damping& damping) const {
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, group.trace, group.dimension);
    if (!lambda.ok()) return lambda.status();
    absl::StatusOr<at::Tensor> values = options_.filter(group.eigenvalues, *lambda);
    if (!values.ok()) return values.status();
    // Sums use the filter in double, scores in the type of their factors: both need it in range.
    if (!at::isfinite(values->to(group.right.scalar_type())).all().item<bool>()) {
      return absl::DataLossError(absl::StrCat("the filter at damping ", ToString(damping), " is ",
                                              values->abs().max().item<double>(),
                                              ", beyond the range of the scores' numbers"));
    }
    Filtered filtered{*std::move(values), 0};
    if (group.outside.defined()) {
      const absl::StatusOr<at::Tensor> at_zero =
          options_.filter(at::zeros({1}, at::kDouble), *lambda);
      if (!at_zero.ok()) return at_zero.status();
      filtered.at_zero = at_zero->item<double>();
    }
    return filtered;
  }

  double num_checkpoints_;
  bool is_inverse_;  // the filter
  DampedAttributionOptions options_;
  std::vector<DampedSpectrum> groups_;  // of all checkpoints
  std::vector<size_t> ends_;            // of each checkpoint's groups
};

// Sums the rows of L over the subsets once. A target's row of R is its row of L (feature form) or
// of n K U = n U diag(mu) (kernel form), so a damping costs m r n for each group.
class DampedAttribution::TrainingTargets : public TrainingTargetScorer {
 public:
  TrainingTargets(const DampedAttribution& fitted, at::Tensor members, CostLedger& ledger)
      : fitted_(fitted), members_(std::move(members)) {
    Cost cost;
    for (const DampedSpectrum& group : fitted.groups_) {
      lefts_.push_back(at::matmul(members_, group.left.to(at::kDouble)));
      cost.flops += 2.0 * members_.size(0) * group.left.numel();
    }
    ledger.Charge(cost);
  }

  absl::StatusOr<TrainingTargetSums> Sums(const Damping& damping, CostLedger& ledger) override {
    std::vector<at::Tensor> all_sums, all_own;
    Cost cost;
    size_t g = 0;
    for (const size_t end : fitted_.ends_) {
      at::Tensor sums, own;
      for (; g < end; ++g) {
        const DampedSpectrum& group = fitted_.groups_[g];
        const absl::StatusOr<Filtered> filtered = fitted_.Filter(group, damping);
        if (!filtered.ok()) return filtered.status();
        at::Tensor filter = filtered->values;
        if (group.kernel.has_value()) {
          filter = filter.mul(group.eigenvalues).mul_(static_cast<double>(members_.size(1)));
        }
        const at::ScalarType type = group.left.scalar_type();
        const at::Tensor of_subsets =
            at::matmul(lefts_[g].mul(filter).to(type), group.left.t()).to(at::kDouble);
        const at::Tensor of_itself =
            at::matmul(group.left.square(), filter.to(type)).to(at::kDouble);
        sums = sums.defined() ? sums.add_(of_subsets) : of_subsets;
        own = own.defined() ? own.add_(of_itself) : of_itself;
        cost.flops += 2.0 * (members_.size(0) + 1) * group.left.numel();
      }
      all_sums.push_back(sums);
      all_own.push_back(own);
    }
    ledger.Charge(cost);
    TrainingTargetSums result{at::stack(all_sums), at::stack(all_own)};
    const at::Tensor& weights = fitted_.options_.train_weights;
    if (weights.defined()) result.own.mul_(weights.to(at::kDouble));
    if (const absl::Status status = CheckFinite(result.sums.flatten(0, 1), "sums of scores");
        !status.ok()) {
      return status;
    }
    return result;
  }

 private:
  const DampedAttribution& fitted_;
  const at::Tensor members_;       // [subsets, train] float64, with the rows' weights
  std::vector<at::Tensor> lefts_;  // [subsets, r] float64, one a group
};

absl::StatusOr<std::unique_ptr<TrainingTargetScorer>> DampedAttribution::ScoreTrainingTargets(
    const at::Tensor& subsets, CostLedger& ledger) {
  if (const absl::Status status = PrepareManyDampings(ledger); !status.ok()) return status;
  for (const DampedSpectrum& group : groups_) {
    if (!group.is_of_features && !group.kernel.has_value()) {
      return absl::UnimplementedError("the damped matrix is not made of the training examples");
    }
  }
  const absl::StatusOr<at::Tensor> members = WeightedMembers(subsets);
  if (!members.ok()) return members.status();
  return std::unique_ptr<TrainingTargetScorer>(new TrainingTargets(*this, *members, ledger));
}

absl::StatusOr<HeldOutPredictions> DampedAttribution::PredictHeldOut(
    const HeldOutSplit& split, const std::vector<Damping>& dampings, CostLedger& ledger) {
  const size_t checkpoint = static_cast<size_t>(split.checkpoint) % ends_.size();
  std::vector<FeatureGroup> groups;
  for (size_t g = checkpoint == 0 ? 0 : ends_[checkpoint - 1]; g < ends_[checkpoint]; ++g) {
    absl::StatusOr<FeatureGroup> group = FeaturesOf(groups_[g]);
    if (!group.ok()) return group.status();
    groups.push_back(*std::move(group));
  }
  return attribench::PredictHeldOut(groups, split, dampings, ledger);
}

absl::StatusOr<std::unique_ptr<SubsetScorer>> DampedAttribution::ScoreSubsets(
    const at::Tensor& subsets, CostLedger& ledger) {
  if (const absl::Status status = PrepareManyDampings(ledger); !status.ok()) return status;
  const absl::StatusOr<at::Tensor> members = WeightedMembers(subsets);
  if (!members.ok()) return members.status();
  return std::unique_ptr<SubsetScorer>(new Subsets(*this, *members, ledger));
}

DampedMatrix OfMatrix(const at::Tensor& matrix, const at::Tensor& train, const at::Tensor& test) {
  DampedMatrix damped;
  damped.matrix = matrix;
  damped.left = train;
  damped.right = test.t();
  damped.dimension = static_cast<double>(matrix.size(0));
  return damped;
}

// Rows times the square roots of their weights, if there are any.
at::Tensor WeightedRows(const at::Tensor& rows, const at::Tensor& weights) {
  return weights.defined() ? rows.mul(weights.sqrt().to(rows.scalar_type()).unsqueeze(1)) : rows;
}

}  // namespace

TaskFeatures TaskFeatures::Make(const AttributionTask& task, const at::Tensor& all) {
  TaskFeatures features;
  features.train = task.train_rows().Of(all);
  features.test = task.test_rows().Of(all);
  if (task.own_curvature_examples.has_value()) {
    features.curvature = task.curvature_rows().Of(all);
    features.curvature_weights = task.curvature_examples().MeanOneWeights();
  }
  features.one_damping = task.one_damping;
  return features;
}

absl::StatusOr<DampedSpectrum> KernelSpectrum(const TrainingKernel& kernel, CostLedger& ledger) {
  DampedMatrix damped;
  damped.matrix = kernel.kernel;
  damped.right = kernel.cross;
  damped.dimension = kernel.dimension;
  damped.test_squares = kernel.test_squares;
  return MakeSpectrum(std::move(damped), kernel.one_damping, ledger);
}

absl::StatusOr<DampedSpectrum> KernelSpectrum(const CurvatureKernel& kernel, CostLedger& ledger) {
  const double m = static_cast<double>(kernel.kernel.size(0));
  at::Tensor roots = at::full({kernel.kernel.size(0)}, 1 / m,
                              kernel.kernel.options().dtype(at::kDouble));  // of weights over m
  if (kernel.weights.defined()) roots.mul_(kernel.weights);
  roots.sqrt_();
  DampedMatrix damped;
  damped.matrix = kernel.kernel.to(at::kDouble).mul(at::outer(roots, roots));
  damped.left = kernel.with_train.to(at::kDouble).t().mul(roots);
  damped.right = kernel.with_test.to(at::kDouble).mul(roots.unsqueeze(1));
  damped.outside = kernel.train_test;
  damped.dimension = kernel.dimension;
  return MakeSpectrum(std::move(damped), kernel.one_damping, ledger);
}

absl::StatusOr<DampedSpectrum> MatrixSpectrum(const at::Tensor& matrix, const at::Tensor& train,
                                              const at::Tensor& test, CostLedger& ledger,
                                              bool one_damping) {
  return MakeSpectrum(OfMatrix(matrix, train, test), one_damping, ledger);
}

absl::StatusOr<DampedSpectrum> FeatureSpectrum(const TaskFeatures& features, CostLedger& ledger) {
  const bool own = features.curvature.defined();
  const at::Tensor& rows = own ? features.curvature : features.train;
  const double m = static_cast<double>(rows.size(0)), k = static_cast<double>(rows.size(1));
  Cost cost;
  if (m >= k) {
    const at::Tensor matrix =
        SymmetricProduct(WeightedRows(rows, features.curvature_weights), cost).div_(m);
    ledger.Charge(cost);
    DampedMatrix damped = OfMatrix(matrix, features.train, features.test);
    damped.is_of_features = !own;
    return MakeSpectrum(std::move(damped), features.one_damping, ledger);
  }
  const double n = static_cast<double>(features.train.size(0));
  const double t = static_cast<double>(features.test.size(0));
  if (!own) {
    cost.flops = 2 * n * k * t;
    TrainingKernel kernel;
    kernel.kernel = SymmetricProduct(rows.t(), cost).div_(n);
    kernel.cross = at::matmul(features.train, features.test.t());
    kernel.test_squares = features.test.to(at::kDouble).square().sum(1);
    kernel.dimension = k;
    kernel.one_damping = features.one_damping;
    ledger.Charge(cost);
    return KernelSpectrum(kernel, ledger);
  }
  CurvatureKernel kernel;
  kernel.kernel = SymmetricProduct(rows.t(), cost);
  kernel.with_train = at::matmul(rows, features.train.t());
  kernel.with_test = at::matmul(rows, features.test.t());
  kernel.train_test = at::matmul(features.train, features.test.t());
  kernel.weights = features.curvature_weights;
  kernel.dimension = k;
  kernel.one_damping = features.one_damping;
  cost.flops += 2 * k * (m * n + m * t + n * t);
  ledger.Charge(cost);
  return KernelSpectrum(kernel, ledger);
}

std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<SpectralGroups> checkpoints,
                                                         DampedAttributionOptions options) {
  return std::unique_ptr<FittedAttribution>(
      new DampedAttribution(std::move(checkpoints), std::move(options)));
}

}  // namespace attribench
