// SPDX-License-Identifier: Apache-2.0
//
// score_i = g_i' (C + lambda I)^-1 q, with the curvature C stored as a matrix. One
// eigendecomposition serves all lambda. Negative eigenvalues of a Hessian are set to 0.
#include <algorithm>

#include "ATen/ATen.h"
#include "absl/strings/str_format.h"
#include "methods/curvature/curvature.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/curvature/krylov_attribution.h"
#include "methods/gradients/gradient_factors.h"
#include "methods/registry.h"

namespace attribench {
namespace {

constexpr double kMemoryLimit = 4.0 * (1 << 30);  // bytes

// Bytes of C, its eigenvectors and LAPACK's workspace, in float64.
double MemoryBytes(int64_t parameters) {
  return 5.0 * sizeof(double) * static_cast<double>(parameters) * static_cast<double>(parameters);
}

// C [p, p], from products with unit vectors.
at::Tensor Dense(const Curvature& curvature, const Model& model, int64_t p,
                 const at::TensorOptions& options, CostLedger& ledger) {
  constexpr int64_t kVectors = 512;
  at::Tensor dense = at::empty({p, p}, options);
  for (int64_t begin = 0; begin < p; begin += kVectors) {
    const int64_t end = std::min(p, begin + kVectors);
    const at::Tensor units = at::eye(p, options).slice(0, begin, end);
    ParameterVectors vectors;
    int64_t offset = 0;
    for (const Layer& layer : model.layers()) {
      const int64_t size = layer.num_outputs * (layer.num_inputs + 1);
      vectors.push_back(units.slice(1, offset, offset + size)
                            .reshape({end - begin, layer.num_outputs, layer.num_inputs + 1}));
      offset += size;
    }
    std::vector<at::Tensor> rows;
    for (const at::Tensor& product : curvature.Times(vectors, ledger).products) {
      rows.push_back(product.flatten(1));
    }
    dense.slice(0, begin, end).copy_(at::cat(rows, 1));
  }
  return dense.add_(dense.t().clone()).div_(2);  // removes asymmetry from rounding
}

class InfluenceExplicit : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const CurvatureKind kind = ParseCurvatureKind(hyperparameters);
    const auto curvature =
        Curvature::Make(*task.model, *parameters, task.curvature_examples(), kind);
    if (!curvature.ok()) return curvature.status();
    const int64_t p = CountParameters(*parameters);
    if (MemoryBytes(p) > kMemoryLimit) {
      return absl::UnimplementedError(absl::StrFormat(
          "the curvature of %d parameters would take %.1f GiB, the limit is %.1f GiB; influence_cg "
          "does without the matrix",
          p, MemoryBytes(p) / (1 << 30), kMemoryLimit / (1 << 30)));
    }
    const auto train =
        ComputeGradientFactors(*task.model, *parameters, task.train, GradientTarget::kLoss, ledger);
    if (!train.ok()) return train.status();
    const auto test =
        ComputeGradientFactors(*task.model, *parameters, task.test, GradientTarget::kLoss, ledger);
    if (!test.ok()) return test.status();
    const at::Tensor gradients = ExplicitGradients(*train);
    auto spectrum =
        MatrixSpectrum(Dense(*curvature, *task.model, p, gradients.options(), ledger), gradients,
                       ExplicitGradients(*test), ledger,
                       // A Hessian must be decomposed, to set its negative eigenvalues to 0.
                       task.one_damping && kind == CurvatureKind::kGaussNewton);
    if (!spectrum.ok()) return spectrum.status();
    return MakeDampedAttribution({SpectralGroups{*std::move(spectrum)}});
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(influence_explicit, InfluenceExplicit);

}  // namespace attribench
