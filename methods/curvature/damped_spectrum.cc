// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/damped_spectrum.h"

#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/curvature/eigendecomposition.h"
#include "methods/curvature/symmetric_product.h"

namespace attribench {
namespace {

// f(mu) of a group, [r] float64, and f(0).
struct Filtered {
  at::Tensor values;
  double at_zero = 0;  // if the group has something outside its span
};

class DampedAttribution : public FittedAttribution {
 public:
  DampedAttribution(std::vector<SpectralGroups> checkpoints, DampedAttributionOptions options)
      : num_checkpoints_(static_cast<double>(checkpoints.size())), options_(std::move(options)) {
    for (SpectralGroups& of_checkpoint : checkpoints) {
      for (DampedSpectrum& group : of_checkpoint) groups_.push_back(std::move(group));
    }
  }

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    Cost cost;
    for (const DampedSpectrum& group : groups_) {
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

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override;

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
  DampedAttributionOptions options_;
  std::vector<DampedSpectrum> groups_;  // of all checkpoints
};

absl::StatusOr<std::unique_ptr<SubsetScorer>> DampedAttribution::ScoreSubsets(
    const at::Tensor& subsets, CostLedger& ledger) {
  if (const absl::Status status = CheckSubsets(subsets, groups_.front().left.size(0));
      !status.ok()) {
    return status;
  }
  at::Tensor members = subsets.to(at::kDouble);
  if (options_.train_weights.defined()) {
    members = members.mul(options_.train_weights.to(at::kDouble));
  }
  return std::unique_ptr<SubsetScorer>(new Subsets(*this, members, ledger));
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
  features.curvature = task.curvature_rows().Of(all);
  features.curvature_weights = task.curvature_examples().MeanOneWeights();
  features.curvature_is_train = !task.own_curvature_examples.has_value();
  return features;
}

absl::StatusOr<DampedSpectrum> KernelSpectrum(const at::Tensor& kernel, const at::Tensor& cross,
                                              double dimension, CostLedger& ledger) {
  DampedSpectrum spectrum;
  spectrum.trace = kernel.trace().item<double>();
  spectrum.dimension = dimension;
  auto eigen = DecomposeSymmetric(kernel, ledger);
  if (!eigen.ok()) return eigen.status();
  const double n = static_cast<double>(kernel.size(0));
  spectrum.right = at::matmul(eigen->vectors.t(), cross);
  Cost cost;
  cost.flops = 2 * n * n * static_cast<double>(cross.size(1));
  ledger.Charge(cost);
  spectrum.eigenvalues = eigen->values;
  spectrum.moment_weights = at::full_like(eigen->values, 1 / n);
  spectrum.left = eigen->vectors;
  return spectrum;
}

absl::StatusOr<DampedSpectrum> KernelSpectrum(const CurvatureKernel& kernel, CostLedger& ledger) {
  const double m = static_cast<double>(kernel.kernel.size(0));
  at::Tensor roots = at::full({kernel.kernel.size(0)}, 1 / m, at::kDouble);  // of weights over m
  if (kernel.weights.defined()) roots.mul_(kernel.weights);
  roots.sqrt_();
  const at::Tensor scaled = kernel.kernel.to(at::kDouble).mul(at::outer(roots, roots));
  DampedSpectrum spectrum;
  spectrum.trace = scaled.trace().item<double>();
  spectrum.dimension = kernel.dimension;
  const auto eigen = DecomposeSymmetric(scaled, ledger);
  if (!eigen.ok()) return eigen.status();
  // Directions below the rounding of the kernel's type belong to what is outside the span.
  const double rounding = kernel.kernel.scalar_type() == at::kDouble ? 1e-13 : 1e-6;
  const at::Tensor kept =
      eigen->values.gt(rounding * eigen->values.max().item<double>()).nonzero().squeeze(1);
  spectrum.eigenvalues = eigen->values.index_select(0, kept);
  spectrum.moment_weights = spectrum.eigenvalues;
  const at::Tensor basis = eigen->vectors.index_select(1, kept)
                               .div(spectrum.eigenvalues.sqrt())
                               .mul(roots.unsqueeze(1));  // [m, r]
  const at::Tensor left = at::matmul(kernel.with_train.to(at::kDouble).t(), basis);
  const at::Tensor right = at::matmul(basis.t(), kernel.with_test.to(at::kDouble));
  const at::ScalarType type = kernel.train_test.scalar_type();
  spectrum.outside = kernel.train_test.to(at::kDouble).sub(at::matmul(left, right)).to(type);
  spectrum.left = left.to(type);
  spectrum.right = right.to(type);
  Cost cost;
  cost.flops =
      2.0 * basis.numel() * (left.size(0) + right.size(1)) + 2.0 * left.numel() * right.size(1);
  ledger.Charge(cost);
  return spectrum;
}

absl::StatusOr<DampedSpectrum> MatrixSpectrum(const at::Tensor& matrix, const at::Tensor& train,
                                              const at::Tensor& test, CostLedger& ledger) {
  const double k = static_cast<double>(matrix.size(0));
  DampedSpectrum spectrum;
  spectrum.trace = matrix.trace().item<double>();
  spectrum.dimension = k;
  auto eigen = DecomposeSymmetric(matrix, ledger);
  if (!eigen.ok()) return eigen.status();
  const at::Tensor vectors = eigen->vectors.to(train.scalar_type());
  spectrum.left = at::matmul(train, vectors);
  spectrum.right = at::matmul(vectors.t(), test.t());
  Cost cost;
  cost.flops = 2 * k * k * static_cast<double>(train.size(0) + test.size(0));
  ledger.Charge(cost);
  spectrum.eigenvalues = eigen->values;
  spectrum.moment_weights = eigen->values;
  return spectrum;
}

absl::StatusOr<DampedSpectrum> FeatureSpectrum(const TaskFeatures& features, CostLedger& ledger) {
  const at::Tensor& rows = features.curvature;
  const double m = static_cast<double>(rows.size(0)), k = static_cast<double>(rows.size(1));
  Cost cost;
  if (m >= k) {
    const at::Tensor matrix =
        SymmetricProduct(WeightedRows(rows, features.curvature_weights), cost).div_(m);
    ledger.Charge(cost);
    return MatrixSpectrum(matrix, features.train, features.test, ledger);
  }
  const double n = static_cast<double>(features.train.size(0));
  const double t = static_cast<double>(features.test.size(0));
  if (features.curvature_is_train) {
    cost.flops = 2 * n * k * t;
    const at::Tensor kernel = SymmetricProduct(rows.t(), cost).div_(n);
    ledger.Charge(cost);
    return KernelSpectrum(kernel, at::matmul(features.train, features.test.t()), k, ledger);
  }
  CurvatureKernel kernel;
  kernel.kernel = SymmetricProduct(rows.t(), cost);
  kernel.with_train = at::matmul(rows, features.train.t());
  kernel.with_test = at::matmul(rows, features.test.t());
  kernel.train_test = at::matmul(features.train, features.test.t());
  kernel.weights = features.curvature_weights;
  kernel.dimension = k;
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
