// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/kronecker_attribution.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

class KroneckerAttribution : public FittedAttribution {
 public:
  KroneckerAttribution(std::vector<KroneckerModel> models, DampingScope scope, double bytes)
      : models_(std::move(models)), scope_(scope), bytes_(bytes) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores = at::zeros({models_.front().num_train, num_tests()},
                                  models_.front().layers.front().test.deltas.options());
    const int64_t rows = RowsAtOnce();
    const int64_t walks = (num_tests() + rows - 1) / rows;
    for (const KroneckerModel& model : models_) {
      const auto damped = DampedEigenvalues(model, damping);
      if (!damped.ok()) return damped.status();
      for (int64_t walk = 0; walk < walks; ++walk) {
        const absl::Status status = Walk(model, *damped, num_tests() * walk / walks,
                                         num_tests() * (walk + 1) / walks, scores, ledger);
        if (!status.ok()) return status;
      }
    }
    return scores.div_(static_cast<double>(models_.size()));
  }

  absl::StatusOr<std::unique_ptr<SubsetScorer>> ScoreSubsets(const at::Tensor& subsets,
                                                             CostLedger& ledger) override;

  // The mean over layers, weighted by their dimensions, and over checkpoints.
  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double mean = 0;
    for (const KroneckerModel& model : models_) {
      const auto lambdas = Lambdas(model, damping);
      if (!lambdas.ok()) return lambdas.status();
      double sum = 0, dimension = 0;
      for (size_t l = 0; l < model.layers.size(); ++l) {
        sum += (*lambdas)[l] * model.layers[l].eigenvalues.numel();
        dimension += model.layers[l].eigenvalues.numel();
      }
      mean += sum / dimension / models_.size();
    }
    return mean;
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    SpectralMoments moments;
    for (at::Tensor* moment : {&moments.t1, &moments.t2, &moments.t3}) {
      *moment = at::zeros({static_cast<int64_t>(dampings.size()), num_tests()}, InDouble());
    }
    Cost cost;
    for (const KroneckerModel& model : models_) {
      std::vector<std::vector<at::Tensor>> damped;  // by damping and layer
      for (const Damping& damping : dampings) {
        auto of_layers = DampedEigenvalues(model, damping);
        if (!of_layers.ok()) return of_layers.status();
        damped.push_back(*std::move(of_layers));
      }
      for (size_t l = 0; l < model.layers.size(); ++l) {
        const at::Tensor mean =
            model.layers[l].eigenvalues.div(static_cast<double>(models_.size()));
        // mu / (mu + lambda)^k for t1, t2, t3 at each damping.
        at::Tensor weights =
            at::empty({moments.t1.size(0), 3, mean.size(0), mean.size(1)}, InDouble());
        for (size_t d = 0; d < dampings.size(); ++d) {
          const at::Tensor of_damping = weights[d];
          for (int64_t i = 0; i < 3; ++i) {
            of_damping[i].copy_((i == 0 ? mean : of_damping[i - 1]).div(damped[d][l]));
          }
        }
        AddMoments(model.layers[l], weights.flatten(0, 1), moments, cost);
      }
    }
    ledger.Charge(cost);
    return moments;
  }

 private:
  class Subsets;

  int64_t num_tests() const { return models_.front().layers.front().test.deltas.size(0); }

  // Options of float64 tensors where the models are.
  at::TensorOptions InDouble() const {
    return models_.front().layers.front().eigenvalues.options();
  }

  // Adds a layer's moments. weights [dampings x 3, out, in].
  void AddMoments(const KroneckerLayer& layer, const at::Tensor& weights, SpectralMoments& moments,
                  Cost& cost) const {
    const int64_t t = num_tests();
    const int64_t rows = layer.written_out ? RowsOfBlock(2 * layer.eigenvalues.numel()) : t;
    for (int64_t first = 0; first < t; first += rows) {
      const int64_t end = std::min(t, first + rows);
      const LayerFactors test = SumOverPositions(
          {layer.test.inputs.slice(0, first, end), layer.test.deltas.slice(0, first, end)});
      cost.flops += SumFlops(layer) * (end - first);
      cost.flops += 2.0 * (end - first) * weights.numel();
      const at::Tensor inputs =
          test.inputs.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true).square_();
      const at::Tensor deltas =
          test.deltas.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true).square_();
      // If inputs are 1, no [t, p] is made.
      const at::Tensor sums =
          (layer.written_out ? at::matmul(deltas, weights.squeeze(2).t())
                             : at::einsum("ti,koi,to->tk", {inputs, weights, deltas}))
              .view({end - first, -1, 3});
      moments.t1.slice(1, first, end).add_(sums.select(2, 0).t());
      moments.t2.slice(1, first, end).add_(sums.select(2, 1).t());
      moments.t3.slice(1, first, end).add_(sums.select(2, 2).t());
    }
  }

  // The number of filtered test gradients of a model, [p] each, that fit into the memory left. At
  // least an eighth of the tests, so that a damping takes at most eight walks.
  int64_t RowsAtOnce() const {
    double left = bytes_ - subset_bytes_, walk = 0, row = 0;
    for (const KroneckerModel& model : models_) {
      left -= model.bytes;
      walk = std::max(walk, model.walk_bytes);  // one model at a time
    }
    left -= walk;
    for (const KroneckerLayer& layer : models_.front().layers) {
      row += static_cast<double>(layer.eigenvalues.numel() * layer.test.deltas.element_size());
    }
    return std::max((num_tests() + 7) / 8, static_cast<int64_t>(left / row));
  }

  // Adds one model's scores for the test examples [begin, end) with one walk through its training
  // gradients.
  absl::Status Walk(const KroneckerModel& model, const std::vector<at::Tensor>& damped,
                    int64_t begin, int64_t end, at::Tensor& scores, CostLedger& ledger) const {
    std::vector<at::Tensor> right;  // [end - begin, p of the layer]
    Cost cost;
    for (size_t l = 0; l < model.layers.size(); ++l) {
      const KroneckerLayer& layer = model.layers[l];
      at::Tensor filtered = at::empty({end - begin, layer.eigenvalues.numel()}, scores.options());
      const int64_t rows = RowsOfBlock(filtered.size(1));
      for (int64_t first = begin; first < end; first += rows) {
        const int64_t last = std::min(end, first + rows);
        const at::Tensor some = Filtered(layer, first, last, damped[l], cost);
        filtered.slice(0, first - begin, last - begin)
            .copy_(layer.written_out ? layer.basis.Back(some, cost) : some);
      }
      cost.flops += 2.0 * static_cast<double>(model.num_train * filtered.numel());
      right.push_back(std::move(filtered));
    }
    ledger.Charge(cost);
    return VisitTrain(model, ledger, [&](size_t l, int64_t first, const at::Tensor& gradients) {
      scores.slice(0, first, first + gradients.size(0))
          .slice(1, begin, end)
          .addmm_(gradients, right[l].t());
    });
  }

  // Outer products of rows, flattened: [b, out (in + 1)].
  static at::Tensor Outer(const at::Tensor& deltas, const at::Tensor& inputs) {
    return deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
  }

  static int64_t RowsOfBlock(int64_t columns) {
    return std::max<int64_t>(1, kExplicitNumbers / columns);
  }

  // Calls `visit` with blocks of explicit training gradients [b, p of the layer], layer by layer,
  // and the number of a block's first example.
  static absl::Status VisitTrain(
      const KroneckerModel& model, CostLedger& ledger,
      const std::function<void(size_t layer, int64_t first, const at::Tensor&)>& visit) {
    const auto visit_rows = [&](int64_t begin, const std::vector<LayerFactors>& train) {
      for (size_t l = 0; l < train.size(); ++l) {
        const LayerFactors& factors = train[l];
        if (model.layers[l].written_out) {
          visit(l, begin, factors.deltas);
          continue;
        }
        const int64_t n = factors.inputs.size(0);
        const int64_t rows = RowsOfBlock(factors.inputs.size(1) * factors.deltas.size(1));
        for (int64_t first = 0; first < n; first += rows) {
          const int64_t end = std::min(n, first + rows);
          visit(l, begin + first,
                Outer(factors.deltas.slice(0, first, end), factors.inputs.slice(0, first, end)));
        }
      }
    };
    return model.visit_train(visit_rows, ledger);
  }

  // Operations to write out one test gradient of a layer that is kept position by position.
  static double SumFlops(const KroneckerLayer& layer) {
    const int64_t positions = layer.test.inputs.size(1);
    return positions == 1 ? 0 : 2.0 * positions * layer.eigenvalues.numel();
  }

  // A layer's gradients of test examples [first, end) divided by its damped eigenvalues,
  // [end - first, p of the layer].
  static at::Tensor Filtered(const KroneckerLayer& layer, int64_t first, int64_t end,
                             const at::Tensor& damped, Cost& cost) {
    cost.flops += SumFlops(layer) * (end - first);
    const LayerFactors test = SumOverPositions(
        {layer.test.inputs.slice(0, first, end), layer.test.deltas.slice(0, first, end)});
    const at::Tensor inverse = damped.reciprocal().flatten().to(test.deltas.scalar_type());
    return layer.test.inputs.size(1) > 1 ? at::Tensor(test.deltas).mul_(inverse)
                                         : Outer(test.deltas, test.inputs).mul_(inverse);
  }

  absl::StatusOr<std::vector<double>> Lambdas(const KroneckerModel& model,
                                              const Damping& damping) const {
    double trace = 0, dimension = 0;
    for (const KroneckerLayer& layer : model.layers) {
      trace += layer.eigenvalues.sum().item<double>();
      dimension += layer.eigenvalues.numel();
    }
    std::vector<double> lambdas;
    for (const KroneckerLayer& layer : model.layers) {
      const absl::StatusOr<double> lambda =
          scope_ == DampingScope::kModel
              ? AbsoluteDamping(damping, trace, dimension)
              : AbsoluteDamping(damping, layer.eigenvalues.sum().item<double>(),
                                static_cast<double>(layer.eigenvalues.numel()));
      if (!lambda.ok()) return lambda.status();
      lambdas.push_back(*lambda);
    }
    return lambdas;
  }

  absl::StatusOr<std::vector<at::Tensor>> DampedEigenvalues(const KroneckerModel& model,
                                                            const Damping& damping) const {
    const auto lambdas = Lambdas(model, damping);
    if (!lambdas.ok()) return lambdas.status();
    std::vector<at::Tensor> damped;
    for (size_t l = 0; l < model.layers.size(); ++l) {
      damped.push_back(model.layers[l].eigenvalues.add((*lambdas)[l]));
      if (damped.back().min().item<double>() <= 0) {
        return absl::FailedPreconditionError(absl::StrCat(
            "the damped matrix is singular: an eigenvalue of layer ", l + 1,
            " is 0 and so is the damping (", ToString(damping), "); take one above 0"));
      }
    }
    return damped;
  }

  std::vector<KroneckerModel> models_;
  DampingScope scope_;
  double bytes_;
  double subset_bytes_ = 0;  // kept by the scorers of subsets
};

// Sums over subsets of the training gradients [m, p]: a damping then costs m p t.
class KroneckerAttribution::Subsets : public SubsetScorer {
 public:
  explicit Subsets(KroneckerAttribution& fitted) : fitted_(fitted) {}
  ~Subsets() override { fitted_.subset_bytes_ -= bytes_; }

  absl::Status Prepare(const at::Tensor& subsets, CostLedger& ledger) {
    for (const KroneckerModel& model : fitted_.models_) {
      const at::Tensor members = subsets.to(model.layers.front().test.deltas.scalar_type());
      std::vector<at::Tensor> sums;
      for (const KroneckerLayer& layer : model.layers) {
        sums.push_back(at::zeros({members.size(0), layer.eigenvalues.numel()}, members.options()));
      }
      const absl::Status status =
          VisitTrain(model, ledger, [&](size_t l, int64_t first, const at::Tensor& gradients) {
            sums[l].addmm_(members.slice(1, first, first + gradients.size(0)), gradients);
          });
      if (!status.ok()) return status;
      Cost cost;
      for (size_t l = 0; l < model.layers.size(); ++l) {
        const KroneckerLayer& layer = model.layers[l];
        cost.flops += 2.0 * static_cast<double>(model.num_train * sums[l].numel());
        if (layer.written_out) sums[l] = layer.basis.Into(sums[l], cost);
        bytes_ += static_cast<double>(sums[l].nbytes());
      }
      ledger.Charge(cost);
      sums_.push_back(std::move(sums));
    }
    fitted_.subset_bytes_ += bytes_;
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> Sums(const Damping& damping, CostLedger& ledger) override {
    const std::vector<KroneckerModel>& models = fitted_.models_;
    const int64_t num_tests = fitted_.num_tests();
    at::Tensor scores;
    Cost cost;
    for (size_t m = 0; m < models.size(); ++m) {
      const auto damped = fitted_.DampedEigenvalues(models[m], damping);
      if (!damped.ok()) return damped.status();
      for (size_t l = 0; l < damped->size(); ++l) {
        const at::Tensor& sums = sums_[m][l];
        if (!scores.defined()) {
          scores = at::zeros({sums.size(0), num_tests}, sums.options().dtype(at::kDouble));
        }
        const int64_t rows = RowsOfBlock(sums.size(1));
        for (int64_t first = 0; first < num_tests; first += rows) {
          const int64_t end = std::min(num_tests, first + rows);
          const at::Tensor some = Filtered(models[m].layers[l], first, end, (*damped)[l], cost);
          scores.slice(1, first, end).add_(at::matmul(sums, some.t()));
        }
        cost.flops += 2.0 * sums.numel() * scores.size(1);
      }
    }
    ledger.Charge(cost);
    scores.div_(static_cast<double>(models.size()));
    if (const absl::Status status = CheckFinite(scores, "sums of scores"); !status.ok())
      return status;
    return scores;
  }

 private:
  KroneckerAttribution& fitted_;
  std::vector<std::vector<at::Tensor>> sums_;  // by model and layer, [m, p of the layer]
  double bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<SubsetScorer>> KroneckerAttribution::ScoreSubsets(
    const at::Tensor& subsets, CostLedger& ledger) {
  if (const absl::Status status = CheckSubsets(subsets, models_.front().num_train); !status.ok()) {
    return status;
  }
  auto scorer = std::make_unique<Subsets>(*this);
  if (const absl::Status status = scorer->Prepare(subsets, ledger); !status.ok()) return status;
  return std::unique_ptr<SubsetScorer>(std::move(scorer));
}

}  // namespace

std::unique_ptr<FittedAttribution> MakeKroneckerAttribution(std::vector<KroneckerModel> models,
                                                            DampingScope scope, double bytes) {
  return std::make_unique<KroneckerAttribution>(std::move(models), scope, bytes);
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKroneckerAttribution(
    const AttributionTask& given, const Hyperparameters& hyperparameters,
    KroneckerEigenvalues eigenvalues, CostLedger& ledger) {
  const AttributionTask task = WithCurvatureFraction(given, hyperparameters);
  const FisherKind fisher =
      hyperparameters.Choice("fisher") == "true" ? FisherKind::kTrue : FisherKind::kEmpirical;
  const auto checkpoints = ReadCheckpoints(task, ParseCheckpointKind(hyperparameters),
                                           hyperparameters.Integer("checkpoints"), ledger);
  if (!checkpoints.ok()) return checkpoints.status();
  std::vector<KroneckerModel> models;
  for (const Parameters& parameters : *checkpoints) {
    auto model = FitKroneckerModel(task, parameters, fisher, eigenvalues, ledger);
    if (!model.ok()) return model.status();
    models.push_back(*std::move(model));
  }
  return MakeKroneckerAttribution(std::move(models),
                                  hyperparameters.Choice("damping_scope") == "layer"
                                      ? DampingScope::kLayer
                                      : DampingScope::kModel,
                                  task.memory_limit * 5 / 6);
}

}  // namespace attribench
