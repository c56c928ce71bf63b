// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' U (Theta + lambda I)^-1 U' q, with (Theta, U) the positive ones among the `rank`
// eigenpairs of the curvature C that have the largest magnitude. They are approximated in the
// Krylov space of one random vector, by Arnoldi iteration with full orthogonalisation. Directions
// of negative curvature, along which the quadratic model has no minimum, and
// directions outside the space contribute nothing.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/eigendecomposition.h"
#include "methods/curvature/krylov_attribution.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// A Krylov space of k dimensions, with the curvature C and the training gradients G in its basis.
struct KrylovSpace {
  at::Tensor basis;      // V [k, p], orthonormal rows
  at::Tensor projected;  // V C V' [k, k] float64
  at::Tensor train;      // G V' [n, k]
};

// A row [1, p] as one vector for products with the curvature.
ParameterVectors AsVector(const at::Tensor& flat, const Model& model) {
  ParameterVectors vector;
  int64_t offset = 0;
  for (const Layer& layer : model.layers()) {
    const int64_t size = layer.num_outputs * (layer.num_inputs + 1);
    vector.push_back(
        flat.slice(1, offset, offset + size).reshape({1, layer.num_outputs, layer.num_inputs + 1}));
    offset += size;
  }
  return vector;
}

// The Krylov space of `start` [1, p], with at most `iterations` dimensions. `gradients` are those
// of the training examples, if these are not the curvature's own examples.
KrylovSpace Explore(const Curvature& curvature, const Model& model,
                    const std::optional<GradientFactors>& gradients, at::Tensor start,
                    int64_t iterations, CostLedger& ledger) {
  const int64_t p = start.size(1);
  // A new direction shorter than this, relative to the product it comes from, is only rounding.
  const double rounding = start.scalar_type() == at::kDouble ? 1e-10 : 1e-5;
  KrylovSpace space;
  space.basis = at::zeros({iterations, p}, start.options());
  at::Tensor hessenberg = at::zeros({iterations, iterations}, start.options().dtype(at::kDouble));
  std::vector<at::Tensor> train;
  at::Tensor next = start.div(start.norm());
  Cost cost;
  int64_t k = 0;
  while (k < iterations) {
    space.basis.slice(0, k, k + 1).copy_(next);
    const ParameterVectors vector = AsVector(next, model);
    CurvatureProducts products = curvature.Times(vector, ledger);
    train.push_back(gradients.has_value() ? InnerProducts(*gradients, vector, ledger)
                                          : std::move(products.with_gradients));
    ++k;
    std::vector<at::Tensor> flat;
    for (const at::Tensor& layer : products.products) flat.push_back(layer.flatten(1));
    next = at::cat(flat, 1);
    const double length = next.norm().item<double>();
    const at::Tensor basis = space.basis.slice(0, 0, k);
    for (int pass = 0; pass < 2;
         ++pass) {  // the second pass removes the rounding errors of the first
      const at::Tensor along = at::matmul(next, basis.t());
      next = next.sub(at::matmul(along, basis));
      hessenberg.select(1, k - 1).slice(0, 0, k).add_(along.squeeze(0));
    }
    cost.flops += 8.0 * k * p;
    const double left = next.norm().item<double>();
    if (k == iterations || !(left > rounding * length)) break;
    hessenberg.select(0, k).select(0, k - 1).fill_(left);
    next = next.div(left);
  }
  ledger.Charge(cost);
  const at::Tensor square = hessenberg.slice(0, 0, k).slice(1, 0, k);
  space.basis = space.basis.slice(0, 0, k);
  space.projected = square.add(square.t()).div(2);  // removes asymmetry from rounding
  space.train = at::cat(train, 1);
  return space;
}

// The positive ones among the `rank` eigenpairs of largest magnitude. FailedPrecondition if there
// are none.
absl::StatusOr<Eigendecomposition> PositiveEigenpairs(const at::Tensor& matrix, int64_t rank,
                                                      CostLedger& ledger) {
  const auto eigen = DecomposeIndefinite(matrix, ledger);
  if (!eigen.ok()) return eigen.status();
  const at::Tensor magnitudes = eigen->values.abs();
  const at::Tensor top =
      magnitudes.argsort(0, /*descending=*/true).slice(0, 0, std::min(eigen->values.size(0), rank));
  // Eigenvalues below this are 0, except for rounding.
  const double least = 1e-7 * magnitudes.max().item<double>();
  const at::Tensor kept = top.masked_select(eigen->values.index_select(0, top).gt(least));
  if (kept.numel() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("none of the ", top.size(0),
                     " eigenvalues of largest magnitude is positive: raise rank or iterations"));
  }
  return Eigendecomposition{eigen->values.index_select(0, kept),
                            eigen->vectors.index_select(1, kept)};
}

class InfluenceArnoldi : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto curvature = Curvature::Make(*task.model, *parameters, task.curvature_examples(),
                                           ParseCurvatureKind(hyperparameters));
    if (!curvature.ok()) return curvature.status();
    const auto test =
        ComputeGradientFactors(*task.model, *parameters, task.test, GradientTarget::kLoss, ledger);
    if (!test.ok()) return test.status();
    const auto train = MissingTrainingGradients(task, *parameters, ledger);
    if (!train.ok()) return train.status();

    const int64_t p = test->num_parameters();
    RandomStream stream(hyperparameters.Integer("seed"), "arnoldi");
    at::Tensor start = at::empty({1, p}, at::kDouble);
    for (int64_t i = 0; i < p; ++i) start.data_ptr<double>()[i] = stream.Gaussian();
    const KrylovSpace space =
        Explore(*curvature, *task.model, *train, start.to(parameters->front().value.options()),
                std::min(p, hyperparameters.Integer("iterations")), ledger);
    if (!at::isfinite(space.projected).all().item<bool>()) {
      return absl::DataLossError("products with the curvature are not finite");
    }

    const auto eigen = PositiveEigenpairs(space.projected, hyperparameters.Integer("rank"), ledger);
    if (!eigen.ok()) return eigen.status();
    const at::Tensor u = eigen->vectors.to(space.train.scalar_type());  // [k, r]
    DampedSpectrum spectrum;
    spectrum.eigenvalues = eigen->values;
    spectrum.left = at::matmul(space.train, u);
    spectrum.right = at::matmul(at::matmul(u.t(), space.basis), Flat(*test).t());
    spectrum.moment_weights = spectrum.eigenvalues;
    spectrum.dimension = static_cast<double>(p);
    spectrum.trace = curvature->MeanEigenvalue(ledger) * spectrum.dimension;
    Cost cost;
    cost.flops = 2.0 * u.numel() * (task.train.size() + p) +
                 2.0 * u.size(1) * p * static_cast<double>(task.test.size());
    ledger.Charge(cost);
    return MakeDampedAttribution({SpectralGroups{std::move(spectrum)}});
  }

 private:
  // The gradients as a matrix [t, p].
  static at::Tensor Flat(const GradientFactors& factors) {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& layer : AsVectors(factors)) flat.push_back(layer.flatten(1));
    return at::cat(flat, 1);
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_arnoldi, InfluenceArnoldi);

}  // namespace attribench
