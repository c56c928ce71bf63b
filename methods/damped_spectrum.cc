// SPDX-License-Identifier: Apache-2.0
#include "methods/damped_spectrum.h"

#include <exception>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

class DampedAttribution : public FittedAttribution {
 public:
  DampedAttribution(std::vector<DampedSpectrum> spectra, at::Tensor train_weights)
      : spectra_(std::move(spectra)), train_weights_(std::move(train_weights)) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    Cost cost;
    for (const DampedSpectrum& s : spectra_) {
      const absl::StatusOr<at::Tensor> damped = DampedEigenvalues(s, damping);
      if (!damped.ok()) return damped.status();
      const at::Tensor filtered = s.right.mul(damped->reciprocal().to(s.right.scalar_type()).unsqueeze(1));
      if (scores.defined()) {
        scores.addmm_(s.left, filtered);
      } else {
        scores = at::matmul(s.left, filtered);
      }
      cost.flops += 2.0 * s.left.size(0) * s.left.size(1) * s.right.size(1);
    }
    scores.div_(static_cast<double>(spectra_.size()));
    if (train_weights_.defined()) scores.mul_(train_weights_.to(scores.scalar_type()).unsqueeze(1));
    ledger.Charge(cost);
    return scores;
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double sum = 0;
    for (const DampedSpectrum& s : spectra_) {
      const absl::StatusOr<double> lambda = AbsoluteDamping(damping, s.trace, s.dimension);
      if (!lambda.ok()) return lambda.status();
      sum += *lambda;
    }
    return sum / spectra_.size();
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings, CostLedger& ledger) override {
    SpectralMoments moments;
    at::Tensor* const sums[] = {&moments.t1, &moments.t2, &moments.t3};
    Cost cost;
    for (const DampedSpectrum& s : spectra_) {
      const at::Tensor squares = s.right.to(at::kDouble).square();
      std::vector<at::Tensor> filters;  // 1 / (mu + lambda), [r] each
      for (const Damping& damping : dampings) {
        const absl::StatusOr<at::Tensor> damped = DampedEigenvalues(s, damping);
        if (!damped.ok()) return damped.status();
        filters.push_back(damped->reciprocal());
      }
      const at::Tensor filter = at::stack(filters);
      at::Tensor weights = filter.mul(s.moment_weights).div_(static_cast<double>(spectra_.size()));
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
  static absl::StatusOr<at::Tensor> DampedEigenvalues(const DampedSpectrum& s, const Damping& damping) {
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, s.trace, s.dimension);
    if (!lambda.ok()) return lambda.status();
    at::Tensor damped = s.eigenvalues.add(*lambda);
    if (damped.min().item<double>() <= 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the damped matrix is singular: an eigenvalue is 0 and so is the damping (", ToString(damping),
          "); take one above 0"));
    }
    return damped;
  }

  std::vector<DampedSpectrum> spectra_;
  at::Tensor train_weights_;
};

}  // namespace

absl::StatusOr<Eigendecomposition> DecomposeSymmetric(const at::Tensor& matrix, CostLedger& ledger) {
  const double n = static_cast<double>(matrix.size(0));
  Cost cost;
  cost.flops = 9 * n * n * n;  // tridiagonal form 4/3, divide and conquer 8/3 + 4, back to the basis 1
  ledger.Charge(cost);
  try {
    auto [values, vectors] = at::linalg_eigh(matrix);
    return Eigendecomposition{values.to(at::kDouble).clamp_min(0), vectors};
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("eigendecomposition of a ", matrix.size(0), " x ", matrix.size(1),
                                            " matrix failed: ", error.what()));
  }
}

std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<DampedSpectrum> spectra,
                                                         at::Tensor train_weights) {
  return std::unique_ptr<FittedAttribution>(
      new DampedAttribution(std::move(spectra), std::move(train_weights)));
}

}  // namespace attribench
