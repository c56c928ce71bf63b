// SPDX-License-Identifier: Apache-2.0
#include "methods/kronecker_attribution.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/exception_status.h"
#include "methods/gradients/gradient_factors.h"

namespace attribench {
namespace {

// Numbers in flight in a block of explicit gradients: 128 MiB in float32.
constexpr int64_t kBlockNumbers = int64_t{1} << 25;

// Gradients of the loss at layers' outputs with labels drawn by `weights` [n, 1]: one set for each
// class, or one alone.
struct WeightedDeltas {
  std::vector<at::Tensor> deltas;  // per layer [n, out]
  at::Tensor weights;              // [n, 1]
};

absl::StatusOr<std::vector<WeightedDeltas>> LabelDistribution(const AttributionTask& task,
                                                              const Parameters& parameters,
                                                              FisherKind fisher,
                                                              const GradientFactors& train,
                                                              CostLedger& ledger) {
  std::vector<WeightedDeltas> all;
  const auto add = [&](const GradientFactors& factors, const at::Tensor& weights) {
    WeightedDeltas one;
    for (const LayerFactors& layer : factors.layers) one.deltas.push_back(layer.deltas);
    one.weights = weights.to(one.deltas.front().scalar_type()).unsqueeze(1);
    all.push_back(std::move(one));
  };
  if (fisher == FisherKind::kEmpirical) {
    add(train, at::ones_like(train.label_probability_gap));
    return all;
  }
  for (int64_t label = 0; label < task.model->num_classes(); ++label) {
    const Dataset relabelled = {task.train.inputs, at::full_like(task.train.labels, label)};
    const auto factors =
        ComputeGradientFactors(*task.model, parameters, relabelled, GradientTarget::kLoss, ledger);
    if (!factors.ok()) return factors.status();
    add(*factors, 1 - factors->label_probability_gap);
  }
  return all;
}

struct Eigenbasis {
  at::Tensor values;   // [n] float64, at least 0
  at::Tensor vectors;  // [n, n], columns
};

absl::StatusOr<Eigenbasis> Decompose(const at::Tensor& matrix, CostLedger& ledger) {
  const double n = static_cast<double>(matrix.size(0));
  Cost cost;
  cost.flops = 9 * n * n * n;
  ledger.Charge(cost);
  try {
    auto [values, vectors] = at::linalg_eigh(matrix);
    return Eigenbasis{values.clamp_min(0), vectors};
  } catch (const std::exception& error) {
    return StatusOfException(error, absl::StrCat("eigendecomposition of a ", matrix.size(0), " x ",
                                                 matrix.size(1), " Kronecker factor"));
  }
}

at::Tensor Double(const at::Tensor& tensor) { return tensor.to(at::kDouble); }

class KroneckerAttribution : public FittedAttribution {
 public:
  KroneckerAttribution(std::vector<KroneckerModel> models, DampingScope scope)
      : models_(std::move(models)), scope_(scope) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    at::Tensor scores;
    for (const KroneckerModel& model : models_) {
      const auto damped = DampedEigenvalues(model, damping);
      if (!damped.ok()) return damped.status();
      for (size_t l = 0; l < model.size(); ++l) {
        const KroneckerLayer& layer = model[l];
        const int64_t n = layer.train_deltas.size(0), p = layer.eigenvalues.numel();
        if (!scores.defined()) {
          scores = at::zeros({n, layer.test_deltas.size(0)}, layer.train_deltas.options());
        }
        const at::Tensor filtered = Filtered(layer, (*damped)[l]);
        const int64_t rows = std::max<int64_t>(1, kBlockNumbers / p);
        for (int64_t begin = 0; begin < n; begin += rows) {
          const int64_t end = std::min(n, begin + rows);
          scores.slice(0, begin, end)
              .addmm_(Outer(layer.train_deltas.slice(0, begin, end),
                            layer.train_inputs.slice(0, begin, end)),
                      filtered.t());
        }
        Cost cost;
        cost.flops = 2.0 * n * p * filtered.size(0);
        ledger.Charge(cost);
      }
    }
    return scores.div_(static_cast<double>(models_.size()));
  }

  // The sums over subsets of training gradients [m, p] are taken once: a damping then costs m p t.
  absl::Status PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger) override {
    subset_sums_.clear();
    for (const KroneckerModel& model : models_) {
      for (const KroneckerLayer& layer : model) {
        const int64_t n = layer.train_deltas.size(0), p = layer.eigenvalues.numel();
        const at::Tensor members = subsets.to(layer.train_deltas.scalar_type());
        at::Tensor sums = at::zeros({subsets.size(0), p}, members.options());
        const int64_t rows = std::max<int64_t>(1, kBlockNumbers / p);
        for (int64_t begin = 0; begin < n; begin += rows) {
          const int64_t end = std::min(n, begin + rows);
          sums.addmm_(members.slice(1, begin, end), Outer(layer.train_deltas.slice(0, begin, end),
                                                          layer.train_inputs.slice(0, begin, end)));
        }
        subset_sums_.push_back(std::move(sums));
        Cost cost;
        cost.flops = 2.0 * subsets.size(0) * n * p;
        ledger.Charge(cost);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> SubsetScores(const Damping& damping, CostLedger& ledger) override {
    if (subset_sums_.empty()) return absl::FailedPreconditionError("PrepareSubsets comes first");
    at::Tensor scores;
    auto sums = subset_sums_.begin();
    for (const KroneckerModel& model : models_) {
      const auto damped = DampedEigenvalues(model, damping);
      if (!damped.ok()) return damped.status();
      for (size_t l = 0; l < model.size(); ++l, ++sums) {
        const at::Tensor term = Double(at::matmul(*sums, Filtered(model[l], (*damped)[l]).t()));
        scores = scores.defined() ? scores.add_(term) : term;
        Cost cost;
        cost.flops = 2.0 * sums->numel() * scores.size(1);
        ledger.Charge(cost);
      }
    }
    scores.div_(static_cast<double>(models_.size()));
    if (const absl::Status status = CheckFinite(scores, "sums of scores"); !status.ok())
      return status;
    return scores;
  }

  // Over layers with their dimensions as weights, then over checkpoints.
  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    double mean = 0;
    for (const KroneckerModel& model : models_) {
      const auto lambdas = Lambdas(model, damping);
      if (!lambdas.ok()) return lambdas.status();
      double sum = 0, dimension = 0;
      for (size_t l = 0; l < model.size(); ++l) {
        sum += (*lambdas)[l] * model[l].eigenvalues.numel();
        dimension += model[l].eigenvalues.numel();
      }
      mean += sum / dimension / models_.size();
    }
    return mean;
  }

  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    const int64_t t = models_.front().front().test_deltas.size(0);
    SpectralMoments moments;
    for (at::Tensor* moment : {&moments.t1, &moments.t2, &moments.t3}) {
      *moment = at::zeros({static_cast<int64_t>(dampings.size()), t}, at::kDouble);
    }
    Cost cost;
    for (const KroneckerModel& model : models_) {
      for (size_t d = 0; d < dampings.size(); ++d) {
        const auto damped = DampedEigenvalues(model, dampings[d]);
        if (!damped.ok()) return damped.status();
        for (size_t l = 0; l < model.size(); ++l) {
          const at::Tensor inputs = Double(model[l].test_inputs).square();
          const at::Tensor deltas = Double(model[l].test_deltas).square();
          at::Tensor weights = model[l].eigenvalues.div(static_cast<double>(models_.size()));
          for (at::Tensor* moment : {&moments.t1, &moments.t2, &moments.t3}) {
            weights = weights.div((*damped)[l]);
            (*moment)[d].add_(at::matmul(inputs, weights.t()).mul_(deltas).sum(1));
            cost.flops += 2.0 * t * weights.numel();
          }
        }
      }
    }
    ledger.Charge(cost);
    return moments;
  }

 private:
  // Outer products of rows, flattened: [b, out (in + 1)].
  static at::Tensor Outer(const at::Tensor& deltas, const at::Tensor& inputs) {
    return deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
  }

  // The test gradients over the damped eigenvalues, [t, p].
  static at::Tensor Filtered(const KroneckerLayer& layer, const at::Tensor& damped) {
    return Outer(layer.test_deltas, layer.test_inputs)
        .mul_(damped.reciprocal().flatten().to(layer.test_deltas.scalar_type()));
  }

  absl::StatusOr<std::vector<double>> Lambdas(const KroneckerModel& model,
                                              const Damping& damping) const {
    double trace = 0, dimension = 0;
    for (const KroneckerLayer& layer : model) {
      trace += layer.eigenvalues.sum().item<double>();
      dimension += layer.eigenvalues.numel();
    }
    std::vector<double> lambdas;
    for (const KroneckerLayer& layer : model) {
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
    for (size_t l = 0; l < model.size(); ++l) {
      damped.push_back(model[l].eigenvalues.add((*lambdas)[l]));
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
  std::vector<at::Tensor> subset_sums_;  // [m, p of a layer], by model and layer
};

}  // namespace

absl::StatusOr<KroneckerModel> FitKroneckerModel(const AttributionTask& task,
                                                 const Parameters& parameters, FisherKind fisher,
                                                 KroneckerEigenvalues eigenvalues,
                                                 CostLedger& ledger) {
  const auto gradients = [&](const Dataset& data) {
    return ComputeGradientFactors(*task.model, parameters, data, GradientTarget::kLoss, ledger);
  };
  const auto train = gradients(task.train), test = gradients(task.test);
  if (!train.ok()) return train.status();
  if (!test.ok()) return test.status();
  const auto labels = LabelDistribution(task, parameters, fisher, *train, ledger);
  if (!labels.ok()) return labels.status();

  const double n = static_cast<double>(task.train.size());
  KroneckerModel model;
  Cost cost;
  for (size_t l = 0; l < train->layers.size(); ++l) {
    const at::Tensor inputs = train->layers[l].inputs;
    const int64_t in = inputs.size(1), out = train->layers[l].deltas.size(1);
    // Products in the gradients' type, eigenvectors in double.
    const auto a = Decompose(Double(at::matmul(inputs.t(), inputs)).div_(n), ledger);
    if (!a.ok()) return a.status();
    at::Tensor covariance = at::zeros({out, out}, at::kDouble);
    for (const WeightedDeltas& label : *labels) {
      const at::Tensor weighted = label.deltas[l].mul(label.weights);
      covariance.add_(Double(at::matmul(weighted.t(), label.deltas[l])), 1 / n);
    }
    const auto s = Decompose(covariance, ledger);
    if (!s.ok()) return s.status();

    const at::Tensor input_basis = a->vectors.to(inputs.scalar_type());
    const at::Tensor output_basis = s->vectors.to(inputs.scalar_type());
    KroneckerLayer layer;
    layer.train_inputs = at::matmul(inputs, input_basis);
    layer.test_inputs = at::matmul(test->layers[l].inputs, input_basis);
    layer.train_deltas = at::matmul(train->layers[l].deltas, output_basis);
    layer.test_deltas = at::matmul(test->layers[l].deltas, output_basis);
    cost.flops += 2 * (n + test->num_examples()) * (double(in) * in + double(out) * out) +
                  2 * n * (double(in) * in + labels->size() * double(out) * out);
    if (eigenvalues == KroneckerEigenvalues::kProducts) {
      layer.eigenvalues = at::outer(s->values, a->values);
    } else {
      const at::Tensor squares = layer.train_inputs.square();
      layer.eigenvalues = at::zeros({out, in}, at::kDouble);
      for (const WeightedDeltas& label : *labels) {
        const at::Tensor along =
            at::matmul(label.deltas[l], output_basis).square_().mul_(label.weights);
        layer.eigenvalues.add_(Double(at::matmul(along.t(), squares)), 1 / n);
        cost.flops += 2 * n * out * (double(out) + in);
      }
    }
    model.push_back(std::move(layer));
  }
  ledger.Charge(cost);
  return model;
}

std::unique_ptr<FittedAttribution> MakeKroneckerAttribution(std::vector<KroneckerModel> models,
                                                            DampingScope scope) {
  return std::make_unique<KroneckerAttribution>(std::move(models), scope);
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKroneckerAttribution(
    const AttributionTask& task, const Hyperparameters& hyperparameters,
    KroneckerEigenvalues eigenvalues, CostLedger& ledger) {
  const FisherKind fisher =
      hyperparameters.Choice("fisher") == "true" ? FisherKind::kTrue : FisherKind::kEmpirical;
  std::vector<KroneckerModel> models;
  for (int64_t c = 0; c < hyperparameters.Integer("checkpoints"); ++c) {
    const auto parameters = ReadCheckpoint(task, CheckpointKind::kFullData, c, ledger);
    if (!parameters.ok()) return parameters.status();
    auto model = FitKroneckerModel(task, *parameters, fisher, eigenvalues, ledger);
    if (!model.ok()) return model.status();
    models.push_back(*std::move(model));
  }
  return MakeKroneckerAttribution(
      std::move(models), hyperparameters.Choice("damping_scope") == "layer" ? DampingScope::kLayer
                                                                            : DampingScope::kModel);
}

}  // namespace attribench
