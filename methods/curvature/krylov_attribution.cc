// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/krylov_attribution.h"

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/fisher_spectrum.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {
namespace {

// Per vector [r]: sum over layers of products of entries.
at::Tensor Dots(const ParameterVectors& a, const ParameterVectors& b) {
  at::Tensor dots;
  for (size_t l = 0; l < a.size(); ++l) {
    const at::Tensor of_layer =
        at::matmul(a[l].flatten(1).unsqueeze(1), b[l].flatten(1).unsqueeze(2));
    const at::Tensor term = of_layer.view({-1}).to(at::kDouble);
    dots = dots.defined() ? dots.add_(term) : term;
  }
  return dots;
}

// a += factors b, a factor for each vector.
void AddScaled(ParameterVectors& a, const at::Tensor& factors, const ParameterVectors& b) {
  for (size_t l = 0; l < a.size(); ++l) {
    a[l].addcmul_(b[l], factors.to(a[l].scalar_type()).view({-1, 1, 1}));
  }
}

void Scale(ParameterVectors& a, const at::Tensor& factors) {
  for (at::Tensor& layer : a) layer.mul_(factors.to(layer.scalar_type()).view({-1, 1, 1}));
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
  at::Tensor tridiagonal;         // T [t, k, k] float64
  at::Tensor lengths;             // |q| [t] float64
  std::vector<at::Tensor> along;  // k of [n, t]: training gradients' products with basis vectors
};

absl::StatusOr<KrylovSpaces> Lanczos(const Curvature& curvature, ParameterVectors current,
                                     const std::optional<GradientFactors>& train,
                                     const KrylovOptions& options, double lambda,
                                     CostLedger& ledger) {
  KrylovSpaces spaces;
  spaces.lengths = Dots(current, current).sqrt();
  Scale(current, Reciprocal(spaces.lengths));
  const int64_t t = spaces.lengths.size(0);
  at::Tensor tridiagonal = at::zeros({t, options.iterations, options.iterations}, at::kDouble);
  ParameterVectors previous;
  at::Tensor beta;  // [t]
  int64_t k = 0;
  for (; k < options.iterations; ++k) {
    CurvatureProducts products = curvature.Times(current, ledger);
    spaces.along.push_back(train.has_value() ? InnerProducts(*train, current, ledger)
                                             : std::move(products.with_gradients));
    ParameterVectors& next = products.products;
    const at::Tensor alpha = Dots(current, next);
    tridiagonal.select(1, k).select(1, k).copy_(alpha);
    if (k + 1 == options.iterations) {
      ++k;
      break;
    }
    AddScaled(next, -alpha, current);
    if (k > 0) AddScaled(next, -beta, previous);
    beta = Dots(next, next).sqrt();
    // A space that is exhausted stays as it is: its next vector is 0, not rounding noise.
    beta = at::where(beta.gt(alpha.abs().mul(1e-10)), beta, at::zeros_like(beta));
    if (!at::isfinite(beta).all().item<bool>()) {
      return absl::DataLossError("products with the curvature are not finite");
    }
    Scale(next, Reciprocal(beta));
    tridiagonal.select(1, k).select(1, k + 1).copy_(beta);
    tridiagonal.select(1, k + 1).select(1, k).copy_(beta);
    previous = std::move(current);
    current = std::move(next);
    if (LargestResidual(tridiagonal.slice(1, 0, k + 1).slice(2, 0, k + 1), beta, lambda) <=
        options.tolerance) {
      ++k;
      break;
    }
  }
  spaces.tridiagonal = tridiagonal.slice(1, 0, k).slice(2, 0, k);
  return spaces;
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
    for (size_t j = 0; j < along_.size(); ++j) {
      scores.addcmul_(along_[j], solution.select(1, j).to(scores.scalar_type()).unsqueeze(0));
    }
    Cost cost;
    cost.flops = 2.0 * along_.size() * scores.numel();
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
  std::vector<at::Tensor> along_;
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
  auto space = Lanczos(*curvature, AsVectors(*test), *train, options, *lambda, ledger);
  if (!space.ok()) return space.status();
  return std::unique_ptr<FittedAttribution>(new KrylovAttribution(
      task, parameters, *std::move(space), trace, dimension, std::move(filter)));
}

}  // namespace attribench
