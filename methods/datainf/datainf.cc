// SPDX-License-Identifier: Apache-2.0
//
// DataInf replaces the inverse of the mean by the mean of inverses, layer by layer:
//   score_i = sum_l g_il' [1/n sum_j (lambda_l I + g_jl g_jl')^-1] q_l
//           = sum_l (g_il . q_l - 1/n sum_j (g_il . g_jl) (g_jl . q_l) / (lambda_l + |g_jl|^2))
//             / lambda_l,
// with g_il the gradient of training example i in layer l and q_l the test gradient. K_l [n, n] has
// the inner products of a layer's training gradients, B_l [n, t] those of training and test
// gradients. Each damping costs one product K_l [n, n] x [n, t] per layer.
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

struct Layer {
  at::Tensor kernel;  // K_l [n, n]
  at::Tensor cross;   // B_l [n, t]
  double trace = 0;   // of F_l = 1/n sum_j g_jl g_jl'
  double dimension = 0;
};

class DataInfAttribution : public FittedAttribution {
 public:
  explicit DataInfAttribution(std::vector<Layer> layers) : layers_(std::move(layers)) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    for (const Layer& layer : layers_) {
      const absl::StatusOr<at::Tensor> term =
          Term(layer, layer.kernel, layer.cross, damping, ledger);
      if (!term.ok()) return term.status();
      scores = scores.defined() ? scores.add_(*term) : *term;
    }
    return scores;
  }

  // Sums of the rows of K_l and B_l first: a damping then costs m n t, not n n t.
  absl::Status PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger) override {
    const at::Tensor members = subsets.to(layers_.front().kernel.scalar_type());
    subset_layers_.clear();
    Cost cost;
    for (const Layer& layer : layers_) {
      subset_layers_.push_back(
          {at::matmul(members, layer.kernel), at::matmul(members, layer.cross), 0, 0});
      cost.flops += 2.0 * members.size(0) * (layer.kernel.numel() + layer.cross.numel());
    }
    ledger.Charge(cost);
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> SubsetScores(const Damping& damping, CostLedger& ledger) override {
    if (subset_layers_.empty()) return absl::FailedPreconditionError("PrepareSubsets comes first");
    at::Tensor sums;
    for (size_t l = 0; l < layers_.size(); ++l) {
      const absl::StatusOr<at::Tensor> term =
          Term(layers_[l], subset_layers_[l].kernel, subset_layers_[l].cross, damping, ledger);
      if (!term.ok()) return term.status();
      const at::Tensor in_double = term->to(at::kDouble);
      sums = sums.defined() ? sums.add_(in_double) : in_double;
    }
    if (const absl::Status status = CheckFinite(sums, "sums of scores"); !status.ok())
      return status;
    return sums;
  }

  bool SumsWithoutScores() const override { return true; }

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

  // The mean of inverses has no useful spectrum, so moments are those of the matrices F_l.
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    SpectralMoments sum;
    for (const Layer& layer : layers_) {
      const double n = static_cast<double>(layer.kernel.size(0));
      auto spectrum = KernelSpectrum(layer.kernel.div(n), layer.cross, layer.dimension, ledger);
      if (!spectrum.ok()) return spectrum.status();
      const absl::StatusOr<SpectralMoments> moments =
          MakeDampedAttribution({*std::move(spectrum)})->Moments(dampings, ledger);
      if (!moments.ok()) return moments.status();
      const auto add = [](at::Tensor& total, const at::Tensor& term) {
        total = total.defined() ? total.add(term) : term;
      };
      add(sum.t1, moments->t1);
      add(sum.t2, moments->t2);
      add(sum.t3, moments->t3);
    }
    return sum;
  }

 private:
  // One layer's term of the scores, from rows of K_l and B_l or from sums of rows.
  static absl::StatusOr<at::Tensor> Term(const Layer& layer, const at::Tensor& kernel_rows,
                                         const at::Tensor& cross_rows, const Damping& damping,
                                         CostLedger& ledger) {
    const absl::StatusOr<double> lambda = AbsoluteDamping(damping, layer.trace, layer.dimension);
    if (!lambda.ok()) return lambda.status();
    if (*lambda <= 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "DataInf divides by its damping, which is 0 (", ToString(damping), "): take one above"));
    }
    const double n = static_cast<double>(layer.kernel.size(0));
    const at::Tensor squares = layer.kernel.diagonal().add(*lambda).unsqueeze(1);
    Cost cost;
    cost.flops = 2.0 * kernel_rows.numel() * layer.cross.size(1);
    ledger.Charge(cost);
    return at::addmm(cross_rows, kernel_rows, layer.cross.div(squares), /*beta=*/1 / *lambda,
                     /*alpha=*/-1 / (n * *lambda));
  }

  std::vector<Layer> layers_, subset_layers_;
};

class DataInf : public AttributionMethod {
 public:
  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger& ledger) override {
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, 0, ledger);
    if (!parameters.ok()) return parameters.status();
    const auto gradients =
        ExampleGradients::Make(*task.model, *parameters, task.TrainAndTest(), GradientTarget::kLoss,
                               task.all_gradient_bytes(), ledger);
    if (!gradients.ok()) return gradients.status();
    const int64_t n = task.train.size();
    const size_t num_layers = task.model->layers().size();
    std::vector<at::Tensor> grams(num_layers);  // K_l and B_l joined, [n, n + t]
    const auto one = [](const GradientFactors& all, size_t l) {
      GradientFactors factors;
      factors.layers = {all.layers[l]};
      return factors;
    };
    const auto place = [&](const GradientPair& pair) {
      for (size_t l = 0; l < num_layers; ++l) {
        const at::Tensor block = InnerProducts(one(pair.a, l), one(pair.b, l), ledger);
        if (!grams[l].defined()) grams[l] = at::empty({n, gradients->size()}, block.options());
        pair.PlaceOnce(block, grams[l]);
      }
    };
    if (const absl::Status status = VisitPairsOnce(*gradients, n, ledger, place); !status.ok())
      return status;
    std::vector<Layer> layers(num_layers);
    for (size_t l = 0; l < num_layers; ++l) {
      layers[l].kernel = grams[l].slice(1, 0, n);
      layers[l].cross = grams[l].slice(1, n);
      layers[l].trace = layers[l].kernel.diagonal().to(at::kDouble).mean().item<double>();
      layers[l].dimension = static_cast<double>(task.model->layers()[l].num_parameters());
    }
    return std::unique_ptr<FittedAttribution>(new DataInfAttribution(std::move(layers)));
  }
};

}  // namespace

ATTRIBENCH_REGISTER_METHOD(datainf, DataInf);

}  // namespace attribench
