// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/krylov_attribution.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/gradients/parallel_for.h"

namespace attribench {
namespace {

// The vectors as rows, [r, p].
at::Tensor AsRows(const ParameterVectors& vectors) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& layer : vectors) flat.push_back(layer.flatten(1));
  return at::cat(flat, 1);
}

// Rows [r, p] as vectors whose layers have the shapes of those of `like`.
ParameterVectors OfRows(const at::Tensor& rows, const ParameterVectors& like) {
  ParameterVectors vectors;
  int64_t offset = 0;
  for (const at::Tensor& layer : like) {
    const int64_t out = layer.size(1), in = layer.size(2);
    vectors.push_back(rows.slice(1, offset, offset + out * in).reshape({-1, out, in}));
    offset += out * in;
  }
  return vectors;
}

// The products of each row of a [r, p] with the same row of b, [r] float64.
at::Tensor Dots(const at::Tensor& a, const at::Tensor& b) {
  return at::matmul(a.unsqueeze(1), b.unsqueeze(2)).view({-1}).to(at::kDouble);
}

// Takes from each row of `rows` [r, p] its part along the orthonormal vectors of that row, basis
// [r, k, p]. Returns the coefficients of that part, [r, k].
at::Tensor Orthogonalise(const at::Tensor& basis, at::Tensor& rows) {
  const int64_t r = basis.size(0), k = basis.size(1);
  at::Tensor total = at::zeros({r, k}, rows.options());
  constexpr int kPasses = 2;  // the second pass removes the rounding of the first
  if (!rows.is_cpu()) {
    for (int pass = 0; pass < kPasses; ++pass) {
      const at::Tensor along = at::matmul(basis, rows.unsqueeze(2)).squeeze(2);
      rows.sub_(at::matmul(along.unsqueeze(1), basis).squeeze(1));
      total.add_(along);
    }
    return total;
  }
  // One thread per row: its vectors stay in a core's cache from one product to the next.
  ParallelFor(0, r, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      at::Tensor row = rows[i], of_row = total[i];
      for (int pass = 0; pass < kPasses; ++pass) {
        const at::Tensor along = at::mv(basis[i], row);
        row.addmv_(basis[i].t(), along, 1, -1);
        of_row.add_(along);
      }
    }
  });
  return total;
}

// 1 / x, and 0 where x is 0.
at::Tensor Reciprocal(const at::Tensor& x) {
  return at::where(x.gt(0), x.reciprocal(), at::zeros_like(x));
}

// max |q - (C + lambda I) x| / |q| = beta |last entry of (T + lambda I)^-1 e_1|.
double LargestResidual(const at::Tensor& tridiagonal, const at::Tensor& beta, double lambda) {
  const auto [values, vectors] = at::linalg_eigh(tridiagonal);
  const at::Tensor last = vectors.select(1, 0)
                              .mul(vectors.select(1, vectors.size(1) - 1))
                              .div(values.add(lambda))
                              .sum(1);
  return beta.mul(last).abs().max().item<double>();
}

// A Krylov space for each of t test examples.
struct KrylovSpaces {
  at::Tensor tridiagonal;  // T [t, k, k] float64
  at::Tensor lengths;      // |q| [t] float64
  at::Tensor along;        // training gradients' products with basis vectors, [k, n, t]
};

// The Krylov spaces of some test examples q. Each new vector is made orthogonal to all before it:
// without that, rounding builds up from step to step, and float32 scores at a small damping depend
// on the order of sums.
absl::StatusOr<KrylovSpaces> Lanczos(const Curvature& curvature, const ParameterVectors& q,
                                     const std::optional<GradientFactors>& train,
                                     const KrylovOptions& options, double lambda,
                                     CostLedger& ledger) {
  const at::Tensor start = AsRows(q);
  const int64_t t = start.size(0), p = start.size(1);
  KrylovSpaces spaces;
  spaces.lengths = Dots(start, start).sqrt();
  const auto normalised = [](const at::Tensor& rows, const at::Tensor& lengths) {
    return rows.mul(Reciprocal(lengths).to(rows.scalar_type()).unsqueeze(1));
  };
  at::Tensor tridiagonal =
      at::zeros({t, options.iterations, options.iterations}, spaces.lengths.options());
  at::Tensor basis = at::empty({t, options.iterations, p}, start.options());
  at::Tensor next = normalised(start, spaces.lengths);
  std::vector<at::Tensor> along;
  Cost cost;
  int64_t k = 0;
  while (k < options.iterations) {
    basis.select(1, k).copy_(next);
    const ParameterVectors current = OfRows(next, q);
    CurvatureProducts products = curvature.Times(current, ledger);
    along.push_back(train.has_value() ? InnerProducts(*train, current, ledger)
                                      : std::move(products.with_gradients));
    next = AsRows(products.products);
    const at::Tensor coefficients = Orthogonalise(basis.slice(1, 0, k + 1), next);
    cost.flops += 8.0 * (k + 1) * static_cast<double>(next.numel());
    const at::Tensor alpha = coefficients.select(1, k).to(at::kDouble);
    tridiagonal.select(1, k).select(1, k).copy_(alpha);
    ++k;
    if (k == options.iterations) break;
    at::Tensor beta = Dots(next, next).sqrt();
    // A space that is exhausted stays as it is: its next vector is 0, not rounding noise.
    beta = at::where(beta.gt(alpha.abs().mul(1e-10)), beta, at::zeros_like(beta));
    if (!at::isfinite(beta).all().item<bool>()) {
      return absl::DataLossError("products with the curvature are not finite");
    }
    next = normalised(next, beta);
    tridiagonal.select(1, k - 1).select(1, k).copy_(beta);
    tridiagonal.select(1, k).select(1, k - 1).copy_(beta);
    if (LargestResidual(tridiagonal.slice(1, 0, k).slice(2, 0, k), beta, lambda) <=
        options.tolerance) {
      break;
    }
  }
  ledger.Charge(cost);
  spaces.tridiagonal = tridiagonal.slice(1, 0, k).slice(2, 0, k);
  spaces.along = at::stack(along);
  return spaces;
}

// The Krylov spaces of all test examples, some at a time, so that their bases take at most `bytes`.
absl::StatusOr<KrylovSpaces> LanczosInBlocks(const Curvature& curvature, const ParameterVectors& q,
                                             const std::optional<GradientFactors>& train,
                                             const KrylovOptions& options, double lambda,
                                             double bytes, CostLedger& ledger) {
  double row = 0;  // bytes of one test example's basis
  for (const at::Tensor& layer : q) {
    row += static_cast<double>(options.iterations * layer[0].numel() * layer.element_size());
  }
  const int64_t t = q[0].size(0);
  const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(bytes / row));
  const int64_t blocks = (t + most - 1) / most;
  std::vector<KrylovSpaces> parts;
  int64_t k = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    ParameterVectors some;
    for (const at::Tensor& layer : q) {
      some.push_back(layer.slice(0, t * block / blocks, t * (block + 1) / blocks));
    }
    auto part = Lanczos(curvature, some, train, options, lambda, ledger);
    if (!part.ok()) return part.status();
    k = std::max(k, part->along.size(0));
    parts.push_back(*std::move(part));
  }
  // A block that stopped early has 0 in the directions that it lacks.
  std::vector<at::Tensor> tridiagonals, lengths, alongs;
  for (const KrylovSpaces& part : parts) {
    const int64_t missing = k - part.along.size(0);
    tridiagonals.push_back(at::constant_pad_nd(part.tridiagonal, {0, missing, 0, missing}));
    lengths.push_back(part.lengths);
    alongs.push_back(at::constant_pad_nd(part.along, {0, 0, 0, 0, 0, missing}));
  }
  return KrylovSpaces{at::cat(tridiagonals), at::cat(lengths), at::cat(alongs, 2)};
}

class KrylovAttribution : public FittedAttribution {
 public:
  KrylovAttribution(AttributionTask task, Parameters parameters, KrylovSpaces spaces, double trace,
                    double dimension, SpectralFilter filter)
      : task_(std::move(task)),
        parameters_(std::move(parameters)),
        lengths_(std::move(spaces.lengths)),
        along_(std::move(spaces.along)),
        trace_(trace),
        dimension_(dimension),
        filter_(std::move(filter)) {
    std::tie(values_, vectors_) = at::linalg_eigh(spaces.tridiagonal);
  }

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    const absl::StatusOr<double> lambda = AbsoluteDampingOf(damping);
    if (!lambda.ok()) return lambda.status();
    const absl::StatusOr<at::Tensor> filtered = filter_(values_, *lambda);
    if (!filtered.ok()) return filtered.status();
    // f(T) e_1, [t, k].
    const at::Tensor first = vectors_.select(1, 0);  // e_1 in the eigenbasis
    const at::Tensor solution = at::matmul(vectors_, filtered->mul(first).unsqueeze(2))
                                    .squeeze(2)
                                    .mul(lengths_.unsqueeze(1));
    at::Tensor scores = at::zeros_like(along_[0]);
    for (int64_t j = 0; j < along_.size(0); ++j) {
      scores.addcmul_(along_[j], solution.select(1, j).to(scores.scalar_type()).unsqueeze(0));
    }
    Cost cost;
    cost.flops = 2.0 * static_cast<double>(along_.numel());
    ledger.Charge(cost);
    return scores;
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    return AbsoluteDamping(damping, trace_, dimension_);
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    if (!(trace_ > 0)) return absl::FailedPreconditionError("the curvature is 0");
    auto spectrum = FisherSpectrum(task_, parameters_, ledger);
    if (!spectrum.ok()) return spectrum.status();
    std::vector<Damping> relative;
    for (const Damping& damping : dampings) {
      const absl::StatusOr<double> lambda = AbsoluteDampingOf(damping);
      if (!lambda.ok()) return lambda.status();
      relative.push_back({*lambda / (trace_ / dimension_), RELATIVE_TO_MEAN_EIGENVALUE});
    }
    return MakeDampedAttribution({SpectralGroups{*std::move(spectrum)}})->Moments(relative, ledger);
  }

  std::string MomentsOf() const override { return "the empirical Fisher"; }

 private:
  AttributionTask task_;
  Parameters parameters_;
  at::Tensor values_, vectors_;  // of T: [t, k], [t, k, k]
  at::Tensor lengths_;
  at::Tensor along_;          // as in KrylovSpaces
  double trace_, dimension_;  // of the curvature
  SpectralFilter filter_;
};

}  // namespace

absl::StatusOr<at::Tensor> InversePositive(const at::Tensor& theta, double lambda) {
  const at::Tensor damped = theta.add(lambda);
  const at::Tensor floor = theta.abs().amax(1, /*keepdim=*/true).mul(1e-12);
  return at::where(damped.gt(floor), damped.reciprocal(), at::zeros_like(damped));
}

CurvatureKind ParseCurvatureKind(const Hyperparameters& hyperparameters) {
  return hyperparameters.Choice("curvature") == "hessian" ? CurvatureKind::kHessian
                                                          : CurvatureKind::kGaussNewton;
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKrylovAttribution(
    const AttributionTask& task, const Parameters& parameters, const KrylovOptions& options,
    SpectralFilter filter, CostLedger& ledger) {
  const auto curvature =
      Curvature::Make(*task.model, parameters, task.curvature_examples(), options.curvature);
  if (!curvature.ok()) return curvature.status();
  const auto test =
      ComputeGradientFactors(*task.model, parameters, task.test, GradientTarget::kLoss, ledger);
  if (!test.ok()) return test.status();
  const auto train = MissingTrainingGradients(task, parameters, ledger);
  if (!train.ok()) return train.status();
  const auto dimension = static_cast<double>(curvature->dimension());
  const double trace = curvature->MeanEigenvalue(ledger) * dimension;
  const absl::StatusOr<double> lambda = AbsoluteDamping(options.damping, trace, dimension);
  if (!lambda.ok()) return lambda.status();
  auto space = LanczosInBlocks(*curvature, AsVectors(*test), *train, options, *lambda,
                               task.gradient_bytes(), ledger);
  if (!space.ok()) return space.status();
  return std::unique_ptr<FittedAttribution>(new KrylovAttribution(
      task, parameters, *std::move(space), trace, dimension, std::move(filter)));
}

}  // namespace attribench
