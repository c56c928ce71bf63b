// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/damped_spectrum.h"

#include <exception>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"
#include "methods/curvature/symmetric_product.h"

namespace attribench {
namespace {

// Eigenvalues [r] float64 (clamped to at least 0) and eigenvectors [n, r] of a symmetric matrix
// [n, n]. Internal where the factorisation fails.
struct Eigendecomposition {
  at::Tensor values;
  at::Tensor vectors;
};

absl::StatusOr<Eigendecomposition> DecomposeSymmetric(const at::Tensor& matrix,
                                                      CostLedger& ledger) {
  const double n = static_cast<double>(matrix.size(0));
  Cost cost;
  cost.flops =
      9 * n * n * n;  // tridiagonal form 4/3, divide and conquer 8/3 + 4, back to the basis 1
  ledger.Charge(cost);
  try {
    // In double: small eigenvalues decide the scores at small dampings; and LAPACK's
    // single-precision driver cannot even say how much workspace a matrix of 2,900 rows takes.
    auto [values, vectors] = at::linalg_eigh(matrix.to(at::kDouble));
    return Eigendecomposition{values.clamp_min(0), vectors.to(matrix.scalar_type())};
  } catch (const std::exception& error) {
    return StatusOfException(error, absl::StrCat("eigendecomposition of a ", matrix.size(0), " x ",
                                                 matrix.size(1), " matrix"));
  }
}

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
      const at::Tensor filtered =
          s.right.mul(damped->reciprocal().to(s.right.scalar_type()).unsqueeze(1));
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

  // The sums over subsets of L's rows are taken once: a damping then costs m r t, not n r t.
  absl::Status PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger) override {
    at::Tensor members = subsets.to(at::kDouble);
    if (train_weights_.defined()) members = members.mul(train_weights_.to(at::kDouble));
    subset_lefts_.clear();
    Cost cost;
    for (const DampedSpectrum& s : spectra_) {
      subset_lefts_.push_back(at::matmul(members, s.left.to(at::kDouble)));
      cost.flops += 2.0 * members.size(0) * s.left.numel();
    }
    ledger.Charge(cost);
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> SubsetScores(const Damping& damping, CostLedger& ledger) override {
    if (subset_lefts_.empty()) return absl::FailedPreconditionError("PrepareSubsets comes first");
    at::Tensor sums;
    Cost cost;
    for (size_t i = 0; i < spectra_.size(); ++i) {
      const DampedSpectrum& s = spectra_[i];
      const absl::StatusOr<at::Tensor> damped = DampedEigenvalues(s, damping);
      if (!damped.ok()) return damped.status();
      const at::Tensor term = at::matmul(subset_lefts_[i].div(*damped), s.right.to(at::kDouble));
      sums = sums.defined() ? sums.add_(term) : term;
      cost.flops += 2.0 * subset_lefts_[i].numel() * s.right.size(1);
    }
    ledger.Charge(cost);
    sums.div_(static_cast<double>(spectra_.size()));
    if (const absl::Status status = CheckFinite(sums, "sums of scores"); !status.ok())
      return status;
    return sums;
  }

  bool SumsWithoutScores() const override { return true; }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double sum = 0;
    for (const DampedSpectrum& s : spectra_) {
      const absl::StatusOr<double> lambda = AbsoluteDamping(damping, s.trace, s.dimension);
      if (!lambda.ok()) return lambda.status();
      sum += *lambda;
    }
    return sum / spectra_.size();
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
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
  static absl::StatusOr<at::Tensor> DampedEigenvalues(const DampedSpectrum& s,
                                                      const Damping& damping) {
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, s.trace, s.dimension);
    if (!lambda.ok()) return lambda.status();
    at::Tensor damped = s.eigenvalues.add(*lambda);
    if (damped.min().item<double>() <= 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the damped matrix is singular: an eigenvalue is 0 and so is the damping (",
                       ToString(damping), "); take one above 0"));
    }
    return damped;
  }

  std::vector<DampedSpectrum> spectra_;
  at::Tensor train_weights_;
  std::vector<at::Tensor> subset_lefts_;  // [subsets, r] float64, one per spectrum
};

}  // namespace

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

absl::StatusOr<DampedSpectrum> FeatureSpectrum(const at::Tensor& train, const at::Tensor& test,
                                               CostLedger& ledger) {
  const double n = static_cast<double>(train.size(0)), k = static_cast<double>(train.size(1));
  Cost cost;
  if (n < k) {
    const double t = static_cast<double>(test.size(0));
    cost.flops = 2 * n * k * t;
    const at::Tensor kernel = SymmetricProduct(train.t(), cost).div_(n);
    ledger.Charge(cost);
    return KernelSpectrum(kernel, at::matmul(train, test.t()), k, ledger);
  }
  const at::Tensor matrix = SymmetricProduct(train, cost).div_(n);
  ledger.Charge(cost);
  return MatrixSpectrum(matrix, train, test, ledger);
}

std::unique_ptr<FittedAttribution> MakeDampedAttribution(std::vector<DampedSpectrum> spectra,
                                                         at::Tensor train_weights) {
  return std::unique_ptr<FittedAttribution>(
      new DampedAttribution(std::move(spectra), std::move(train_weights)));
}

}  // namespace attribench
