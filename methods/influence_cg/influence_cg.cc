// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' x with (C + lambda I) x = q, x after k steps of conjugate gradients from 0: for
// every test example at once, and for every lambda at once. The steps are Lanczos's, which build
// the same Krylov space for all lambda: with V_k its basis and T_k = V_k' C V_k tridiagonal,
//   x = |q| V_k (T_k + lambda I)^-1 e_1,   q' f(C) q ~ |q|^2 e_1' f(T_k) e_1,
// so that scores need no more of V_k than g_i' V_k, and moments no more than T_k (Saad, Iterative
// Methods for Sparse Linear Systems, 2003, sections 6.6 and 6.7).
#include <tuple>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/gradients/curvature.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

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

class KrylovAttribution : public FittedAttribution {
 public:
  // `tridiagonal` [t, k, k] and `lengths` [t] float64; `along` k of [n, t], the training gradients'
  // inner products with the basis vectors; `mean_eigenvalue` that of the curvature.
  KrylovAttribution(const at::Tensor& tridiagonal, at::Tensor lengths,
                    std::vector<at::Tensor> along, double mean_eigenvalue)
      : lengths_(std::move(lengths)), along_(std::move(along)), mean_eigenvalue_(mean_eigenvalue) {
    std::tie(values_, vectors_) = at::linalg_eigh(tridiagonal);
  }

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    const auto inverse = InverseValues(damping);
    if (!inverse.ok()) return inverse.status();
    // (T + lambda I)^-1 e_1, [t, k].
    const at::Tensor first = vectors_.select(1, 0);  // e_1 in the eigenbasis
    const at::Tensor solution = at::matmul(vectors_, inverse->mul(first).unsqueeze(2))
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
    return AbsoluteDamping(damping, mean_eigenvalue_, 1);
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    const at::Tensor weights = vectors_.select(1, 0)
                                   .square()
                                   .mul(lengths_.square().unsqueeze(1))
                                   .mul(values_.clamp_min(0));
    std::vector<at::Tensor> t1, t2, t3;
    for (const Damping& damping : dampings) {
      const auto inverse = InverseValues(damping);
      if (!inverse.ok()) return inverse.status();
      t1.push_back(weights.mul(*inverse).sum(1));
      t2.push_back(weights.mul(inverse->square()).sum(1));
      t3.push_back(weights.mul(inverse->pow(3)).sum(1));
    }
    Cost cost;
    cost.flops = 7.0 * dampings.size() * weights.numel();
    ledger.Charge(cost);
    return SpectralMoments{at::stack(t1), at::stack(t2), at::stack(t3)};
  }

 private:
  // 1 / (theta + lambda) of the Ritz values theta, [t, k]; 0 where that is not positive: the
  // directions of negative curvature, in which the quadratic model has no minimum, are left out.
  absl::StatusOr<at::Tensor> InverseValues(const Damping& damping) const {
    const absl::StatusOr<double> lambda = AbsoluteDampingOf(damping);
    if (!lambda.ok()) return lambda.status();
    const at::Tensor damped = values_.add(*lambda);
    const at::Tensor floor = values_.abs().amax(1, /*keepdim=*/true).mul(1e-12);
    return at::where(damped.gt(floor), damped.reciprocal(), at::zeros_like(damped));
  }

  at::Tensor values_, vectors_;  // of T: [t, k], [t, k, k]
  at::Tensor lengths_;
  std::vector<at::Tensor> along_;
  double mean_eigenvalue_;
};

class InfluenceCg : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const int64_t iterations = hyperparameters.Integer("iterations");
    const double tolerance = hyperparameters.Real("tolerance");
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto test =
        ComputeGradientFactors(*task.model, *parameters, task.test, GradientTarget::kLoss, ledger);
    if (!test.ok()) return test.status();
    const auto curvature = Curvature::Make(*task.model, *parameters, task.train,
                                           hyperparameters.Choice("curvature") == "hessian"
                                               ? CurvatureKind::kHessian
                                               : CurvatureKind::kGaussNewton);
    if (!curvature.ok()) return curvature.status();
    const double mean_eigenvalue = curvature->MeanEigenvalue(ledger);

    // Lanczos, a Krylov space for each test example.
    ParameterVectors current = AsVectors(*test), previous;
    const at::Tensor lengths = Dots(current, current).sqrt();
    Scale(current, Reciprocal(lengths));
    const int64_t t = lengths.size(0);
    at::Tensor tridiagonal = at::zeros({t, iterations, iterations}, at::kDouble);
    at::Tensor beta;  // [t]
    std::vector<at::Tensor> along;
    int64_t k = 0;
    for (; k < iterations; ++k) {
      CurvatureProducts products = curvature->Times(current, ledger);
      along.push_back(std::move(products.with_gradients));
      ParameterVectors& next = products.products;
      const at::Tensor alpha = Dots(current, next);
      tridiagonal.select(1, k).select(1, k).copy_(alpha);
      if (k + 1 == iterations) {
        ++k;
        break;
      }
      AddScaled(next, -alpha, current);
      if (k > 0) AddScaled(next, -beta, previous);
      beta = Dots(next, next).sqrt();
      // A space that is exhausted stays as it is: its next vector is 0, not noise.
      beta = at::where(beta.gt(alpha.abs().mul(1e-10)), beta, at::zeros_like(beta));
      if (!at::isfinite(beta).all().item<bool>()) {
        return absl::DataLossError("products with the curvature are not finite");
      }
      Scale(next, Reciprocal(beta));
      tridiagonal.select(1, k).select(1, k + 1).copy_(beta);
      tridiagonal.select(1, k + 1).select(1, k).copy_(beta);
      previous = std::move(current);
      current = std::move(next);
      if (LargestResidual(tridiagonal.slice(1, 0, k + 1).slice(2, 0, k + 1), beta,
                          *AbsoluteDamping(hyperparameters.DefaultDamping(), mean_eigenvalue, 1)) <=
          tolerance) {
        ++k;
        break;
      }
    }
    return std::unique_ptr<FittedAttribution>(new KrylovAttribution(
        tridiagonal.slice(1, 0, k).slice(2, 0, k), lengths, std::move(along), mean_eigenvalue));
  }

 private:
  // 1 / x, and 0 where x is 0.
  static at::Tensor Reciprocal(const at::Tensor& x) {
    return at::where(x.gt(0), x.reciprocal(), at::zeros_like(x));
  }

  // max |q - (C + lambda I) x| / |q| = beta |last entry of (T + lambda I)^-1 e_1|.
  static double LargestResidual(const at::Tensor& tridiagonal, const at::Tensor& beta,
                                double lambda) {
    const auto [values, vectors] = at::linalg_eigh(tridiagonal);
    const at::Tensor last = vectors.select(1, 0)
                                .mul(vectors.select(1, vectors.size(1) - 1))
                                .div(values.add(lambda))
                                .sum(1);
    return beta.mul(last).abs().max().item<double>();
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_cg, InfluenceCg);

}  // namespace attribench
