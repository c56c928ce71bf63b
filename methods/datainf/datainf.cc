// SPDX-License-Identifier: Apache-2.0
//
// DataInf takes the mean of inverses in place of the inverse of the mean, layer by layer. With the
// mean over the curvature examples j, weighted by w_j,
//   score_i = sum_l g_il' [1/m sum_j w_j (lambda_l I + g_jl g_jl')^-1] q_l
//           = sum_l (g_il . q_l - 1/m sum_j w_j (g_il . g_jl) (g_jl . q_l) / (lambda_l + |g_jl|^2))
//             / lambda_l.
// A damping costs one product a layer, of inner products of gradients [n, m] x [m, t].
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/curvature/damped_spectrum.h"
#include "methods/gradients/example_gradients.h"
#include "methods/registry.h"

namespace attribench {
namespace {

// One layer's inner products of gradients: of n training, m curvature and t test examples.
struct Layer {
  at::Tensor kernel;            // training with curvature [n, m]
  at::Tensor cross;             // training with test [n, t]
  at::Tensor curvature_cross;   // curvature with test [m, t]
  at::Tensor squares;           // of the curvature examples [m]
  at::Tensor curvature_kernel;  // of the curvature examples [m, m]: for moments
  at::Tensor weights;           // w_j [m], in the gradients' type; undefined: all 1
  double trace = 0;             // of F_l = 1/m sum_j w_j g_jl g_jl'
  double dimension = 0;         // of F_l

  // The layer's scores for some rows of `kernel` and `cross`, or for sums of rows:
  //   (1 / lambda) [cross - 1/m sum_j w_j kernel_j curvature_cross_j / (lambda + squares_j)].
  absl::StatusOr<at::Tensor> Scores(const at::Tensor& kernel_rows, const at::Tensor& cross_rows,
                                    const Damping& damping, CostLedger& ledger) const {
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, trace, dimension);
    if (!lambda.ok()) return lambda.status();
    if (*lambda <= 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("DataInf divides by its damping, which is 0 (", ToString(damping),
                       "); take a damping above 0"));
    }
    Cost cost;
    cost.flops = 2.0 * kernel_rows.numel() * curvature_cross.size(1);
    ledger.Charge(cost);
    at::Tensor scaled = curvature_cross.div(squares.add(*lambda).unsqueeze(1));
    if (weights.defined()) scaled.mul_(weights.unsqueeze(1));
    const auto m = static_cast<double>(squares.size(0));
    return at::addmm(cross_rows, kernel_rows, scaled, /*beta=*/1 / *lambda,
                     /*alpha=*/-1 / (m * *lambda));
  }
};

// Sums the rows of each layer's products over each subset once. A damping then costs m t per
// subset, not n m t.
class DataInfSubsets : public SubsetScorer {
 public:
  DataInfSubsets(const std::vector<Layer>& layers, const at::Tensor& subsets, CostLedger& ledger)
      : layers_(layers) {
    const at::Tensor members = subsets.to(layers.front().kernel.scalar_type());
    Cost cost;
    for (const Layer& layer : layers) {
      kernels_.push_back(at::matmul(members, layer.kernel));
      crosses_.push_back(at::matmul(members, layer.cross));
      cost.flops += 2.0 * members.size(0) * (layer.kernel.numel() + layer.cross.numel());
    }
    ledger.Charge(cost);
  }

  absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
    at::Tensor sums;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const absl::StatusOr<at::Tensor> term =
          layers_[l].Scores(kernels_[l], crosses_[l], damping, ledger);
      if (!term.ok()) return term.status();
      const at::Tensor in_double = term->to(at::kDouble);
      sums = sums.defined() ? sums.add_(in_double) : in_double;
    }
    if (const absl::Status status = CheckFinite(sums, "sums of scores"); !status.ok())
      return status;
    return sums;
  }

 private:
  const std::vector<Layer>& layers_;
  std::vector<at::Tensor> kernels_, crosses_;  // [subsets, m], [subsets, t], one a layer
};

class DataInfAttribution : public FittedAttribution {
 public:
  explicit DataInfAttribution(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    for (const Layer& layer : layers_) {
      const absl::StatusOr<at::Tensor> term =
          layer.Scores(layer.kernel, layer.cross, damping, ledger);
      if (!term.ok()) return term.status();
      scores = scores.defined() ? scores.add_(*term) : *term;
    }
    return scores;
  }

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override {
    const absl::Status status = CheckSubsets(subsets, layers_.front().kernel.size(0));
    if (!status.ok()) return status;
    return std::unique_ptr<SubsetScorer>(new DataInfSubsets(layers_, subsets, ledger));
  }

  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double sum = 0;
    for (const Layer& layer : layers_) {
      const absl::StatusOr<double> lambda = AbsoluteDamping(damping, layer.trace, layer.dimension);
      if (!lambda.ok()) return lambda.status();
      sum += *lambda;
    }
    return sum / layers_.size();
  }

  std::string MomentsOf() const override { return "the empirical Fisher of each layer"; }

  // The mean of inverses has no spectrum of its own, so the moments are those of the matrices F_l.
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    SpectralGroups groups;
    for (const Layer& layer : layers_) {
      // The kernel form of rows that are multiplied by the square roots of their weights.
      at::Tensor kernel = layer.curvature_kernel.div(static_cast<double>(layer.squares.size(0)));
      at::Tensor cross = layer.curvature_cross;
      if (layer.weights.defined()) {
        const at::Tensor roots = layer.weights.sqrt();
        kernel.mul_(at::outer(roots, roots));
        cross = cross.mul(roots.unsqueeze(1));
      }
      TrainingKernel of_layer;
      of_layer.kernel = kernel;
      of_layer.cross = cross;
      of_layer.dimension = layer.dimension;
      auto spectrum = KernelSpectrum(of_layer, ledger);
      if (!spectrum.ok()) return spectrum.status();
      groups.push_back(*std::move(spectrum));
    }
    return MakeDampedAttribution({std::move(groups)})->Moments(dampings, ledger);
  }

 private:
  std::vector<Layer> layers_;
};

class DataInf : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& given,
                                                         const Hyperparameters& hyperparameters,
                                                         CostLedger& ledger) override {
    const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto gradients =
        ExampleGradients::Make(*task.model, *parameters, task.AllExamples(), GradientTarget::kLoss,
                               task.all_gradient_bytes(), ledger);
    if (!gradients.ok()) return gradients.status();
    // The first rows of [all, all]: the curvature examples and the training examples.
    const int64_t first = task.train_rows().end;
    const size_t num_layers = task.model->layers().size();
    std::vector<at::Tensor> grams(num_layers);  // [first, all], one a layer
    const auto one = [](const GradientFactors& all, size_t l) {
      GradientFactors factors;
      factors.layers = {all.layers[l]};
      return factors;
    };
    const auto place = [&](const GradientPair& pair) {
      for (size_t l = 0; l < num_layers; ++l) {
        const at::Tensor block = InnerProducts(one(pair.a, l), one(pair.b, l), ledger);
        if (!grams[l].defined()) grams[l] = at::empty({first, gradients->size()}, block.options());
        pair.PlaceOnce(block, grams[l]);
      }
    };
    if (const absl::Status status = VisitPairsOnce(*gradients, first, ledger, place);
        !status.ok()) {
      return status;
    }
    std::vector<Layer> layers;
    for (size_t l = 0; l < num_layers; ++l) {
      layers.push_back(
          MakeLayer(task, grams[l], static_cast<double>(task.model->layers()[l].num_parameters())));
    }
    return std::unique_ptr<FittedAttribution>(new DataInfAttribution(std::move(layers)));
  }

 private:
  // `gram` [curvature and training examples, all examples] of one layer.
  static Layer MakeLayer(const AttributionTask& task, const at::Tensor& gram, double dimension) {
    const auto block = [&](const ExampleRows& rows, const ExampleRows& columns) {
      return gram.slice(0, rows.begin, rows.end).slice(1, columns.begin, columns.end);
    };
    const ExampleRows curvature = task.curvature_rows(), train = task.train_rows(),
                      test = task.test_rows();
    Layer layer;
    layer.kernel = block(train, curvature);
    layer.cross = block(train, test);
    layer.curvature_cross = block(curvature, test);
    layer.curvature_kernel = block(curvature, curvature);
    layer.squares = layer.curvature_kernel.diagonal();
    const at::Tensor weights = task.curvature_examples().MeanOneWeights();
    at::Tensor squares = layer.squares.to(at::kDouble);
    if (weights.defined()) {
      squares = squares.mul(weights);
      layer.weights = weights.to(gram.scalar_type());
    }
    layer.trace = squares.mean().item<double>();
    layer.dimension = dimension;
    return layer;
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(datainf, DataInf);

}  // namespace attribench
