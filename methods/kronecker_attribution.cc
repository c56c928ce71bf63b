// SPDX-License-Identifier: Apache-2.0
#include "methods/kronecker_attribution.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "methods/exception_status.h"
#include "methods/gradients/example_gradients.h"
#include "methods/symmetric_product.h"

namespace attribench {
namespace {

// Numbers in flight in a block of explicit gradients: 128 MiB in float32.
constexpr int64_t kBlockNumbers = int64_t{1} << 25;

// Square roots of a Fisher matrix, example by example: for the empirical one its gradients. The
// first visit keeps the blocks for the next ones if they are small.
class TrainingRoots {
 public:
  TrainingRoots(const AttributionTask& task, const Parameters& parameters, FisherKind kind,
                CostLedger& ledger)
      : task_(task), parameters_(parameters), kind_(kind), ledger_(ledger) {}

  absl::Status Visit(const FisherRootVisitor& visit) {
    if (!kept_.empty()) {
      for (const FisherRoots& block : kept_) visit(block);
      return absl::OkStatus();
    }
    bool keeps = true;
    double bytes = 0;
    const auto visit_and_keep = [&](const FisherRoots& block) {
      for (const LayerRoots& layer : block.layers) {
        bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
      }
      keeps = keeps && bytes <= task_.gradient_bytes();
      if (keeps) {
        kept_.push_back(block);
      } else {
        kept_.clear();
      }
      visit(block);
    };
    if (kind_ == FisherKind::kTrue) {
      return VisitFisherRoots(*task_.model, parameters_, task_.train, ledger_, visit_and_keep);
    }
    return VisitGradients(
        *task_.model, parameters_, task_.train, GradientTarget::kLoss, ledger_,
        [&](const GradientBlock& block) {
          FisherRoots roots = {block.begin, {}};
          for (const LayerPositions& layer : block.layers) {
            roots.layers.push_back({layer.inputs, layer.deltas.transpose(1, 2).unsqueeze(2)});
          }
          visit_and_keep(roots);
        });
  }

 private:
  const AttributionTask& task_;
  const Parameters& parameters_;
  FisherKind kind_;
  CostLedger& ledger_;
  std::vector<FisherRoots> kept_;
};

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

// Into the basis.
LayerPositions Rotate(const KroneckerBasis& basis, const LayerPositions& layer, Cost& cost) {
  const at::Tensor &inputs = layer.inputs, &deltas = layer.deltas;
  cost.flops += 2.0 * (static_cast<double>(inputs.numel()) * inputs.size(2) +
                       static_cast<double>(deltas.numel()) * deltas.size(2));
  return {at::matmul(inputs, basis.inputs), at::matmul(deltas, basis.deltas)};
}

// Into the basis, and in the form that takes less memory: position by position, or their sum.
LayerPositions RotateSmaller(const KroneckerBasis& basis, const LayerPositions& layer, Cost& cost) {
  const int64_t positions = layer.inputs.size(1);
  const int64_t in = layer.inputs.size(2), out = layer.deltas.size(2);
  if (positions == 1 || positions * (in + out) <= in * out) return Rotate(basis, layer, cost);
  cost.flops += 2.0 * static_cast<double>(layer.inputs.numel()) * out;
  const LayerFactors sums = SumOverPositions(layer);
  return {sums.inputs.unsqueeze(1), basis.Into(sums.deltas, cost).unsqueeze(1)};
}

// Puts `rows` from row `begin` on into `all`, which has n rows from the first time on.
void PutRows(const at::Tensor& rows, int64_t begin, int64_t n, at::Tensor& all) {
  if (!all.defined()) {
    std::vector<int64_t> shape = rows.sizes().vec();
    shape[0] = n;
    all = at::empty(shape, rows.options());
  }
  all.slice(0, begin, begin + rows.size(0)).copy_(rows);
}

// Blocks of gradients put together, and shown once they hold so many numbers: a walk through what
// they are multiplied with, which is far larger than a core's cache, is worth many rows.
class GatheredRows {
 public:
  GatheredRows(int64_t enough, const KroneckerModel::Visitor& visitor)
      : enough_(enough), visitor_(visitor) {}

  void Add(int64_t begin, std::vector<LayerFactors> layers) {
    if (pending_.empty()) begin_ = begin;
    for (const LayerFactors& layer : layers) {
      numbers_ += layer.inputs.numel() + layer.deltas.numel();
    }
    pending_.push_back(std::move(layers));
    if (numbers_ >= enough_) Show();
  }

  void Show() {
    if (pending_.empty()) return;
    std::vector<LayerFactors> all;
    for (size_t l = 0; l < pending_.front().size(); ++l) {
      std::vector<at::Tensor> inputs, deltas;
      for (std::vector<LayerFactors>& block : pending_) {
        inputs.push_back(std::move(block[l].inputs));
        deltas.push_back(std::move(block[l].deltas));
      }
      all.push_back({at::cat(inputs), at::cat(deltas)});
    }
    pending_.clear();
    numbers_ = 0;
    visitor_(begin_, all);
  }

 private:
  int64_t enough_;
  const KroneckerModel::Visitor& visitor_;
  std::vector<std::vector<LayerFactors>> pending_;
  int64_t begin_ = 0, numbers_ = 0;
};

// left V right of each gradient V [out, in].
at::Tensor Multiply(const at::Tensor& left, const at::Tensor& gradients, const at::Tensor& right,
                    Cost& cost) {
  const int64_t out = left.size(0), in = right.size(0);
  cost.flops += 2.0 * gradients.numel() * (out + in);
  return at::matmul(at::matmul(left, gradients.view({-1, out, in})), right).flatten(1);
}

// The sum over n examples of what `add` adds of each to its first argument, of that shape; float64.
at::Tensor SumOverExamples(int64_t n, at::IntArrayRef shape, const at::TensorOptions& options,
                           const std::function<void(at::Tensor& sum, int64_t i)>& add) {
  std::vector<at::Tensor> sums(at::get_num_threads());
  at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
    at::Tensor& sum = sums[at::get_thread_num()];
    if (!sum.defined()) sum = at::zeros(shape, options);
    for (int64_t i = begin; i < end; ++i) add(sum, i);
  });
  at::Tensor total = at::zeros(shape, options.dtype(at::kDouble));
  for (const at::Tensor& sum : sums) {
    if (sum.defined()) total.add_(sum);
  }
  return total;
}

// Sum over examples, roots and positions of delta delta', [out, out] float64.
at::Tensor OuterProducts(const at::Tensor& deltas, Cost& cost) {  // [b, out, k, s]
  const int64_t out = deltas.size(1);
  if (deltas.size(3) == 1) {
    return Double(SymmetricProduct(deltas.squeeze(3).transpose(1, 2).reshape({-1, out}), cost));
  }
  cost.flops += 2.0 * deltas.numel() * out;
  // What one example has stays in a core's cache.
  return SumOverExamples(deltas.size(0), {out, out}, deltas.options(),
                         [&](at::Tensor& sum, int64_t i) {
                           const at::Tensor columns = deltas[i].flatten(1);
                           sum.addmm_(columns, columns.t());
                         });
}

// Sum over examples and roots of the squares of the roots' numbers in the basis, [out, in] float64.
at::Tensor SecondMoments(const KroneckerBasis& basis, const LayerRoots& roots, Cost& cost) {
  const at::Tensor& deltas = roots.deltas;
  const int64_t out = deltas.size(1), k = deltas.size(2), s = deltas.size(3);
  const int64_t in = roots.inputs.size(2);
  // Into the basis go a root's factors, position by position, or, where there are many positions,
  // their sum.
  const double factors = 1.0 * s * in * in + 1.0 * k * s * out * out;
  const double sums = 1.0 * k * out * in * (in + out);
  if (sums < factors) {
    cost.flops += 2.0 * deltas.size(0) * (sums + 1.0 * k * s * out * in);
    const at::Tensor rotation = basis.deltas.t();
    return SumOverExamples(
        deltas.size(0), {out, in}, deltas.options(), [&](at::Tensor& sum, int64_t i) {
          const at::Tensor along =
              at::mm(at::mm(deltas[i].view({out * k, s}), roots.inputs[i]), basis.inputs)
                  .view({out, k, in});
          for (int64_t root = 0; root < k; ++root) {
            const at::Tensor numbers = at::mm(rotation, along.select(1, root));
            sum.addcmul_(numbers, numbers);
          }
        });
  }
  cost.flops += 2.0 * deltas.size(0) * factors;
  const at::Tensor inputs = at::matmul(roots.inputs, basis.inputs);
  if (s == 1) {
    const at::Tensor along = at::matmul(deltas.squeeze(3).transpose(1, 2), basis.deltas);
    const at::Tensor squares = along.square().sum(1);  // [b, out]
    cost.flops += 2.0 * squares.numel() * in;
    return Double(at::matmul(squares.t(), inputs.squeeze(1).square()));
  }
  cost.flops += 2.0 * deltas.numel() * in;
  const at::Tensor rotation = basis.deltas.t();
  return SumOverExamples(
      deltas.size(0), {out, in}, deltas.options(), [&](at::Tensor& sum, int64_t i) {
        const at::Tensor along = at::mm(rotation, deltas[i].flatten(1)).view({out * k, s});
        const at::Tensor numbers = at::mm(along, inputs[i]).view({out, k, in});
        for (int64_t root = 0; root < k; ++root) {
          const at::Tensor of_root = numbers.select(1, root);
          sum.addcmul_(of_root, of_root);
        }
      });
}

class KroneckerAttribution : public FittedAttribution {
 public:
  KroneckerAttribution(std::vector<KroneckerModel> models, DampingScope scope, double bytes)
      : models_(std::move(models)), scope_(scope), bytes_(bytes) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    std::vector<Job> jobs = {{damping, "scoring"}};
    if (const absl::Status status = Run(jobs, ledger); !status.ok()) return status;
    if (!jobs[0].status.ok()) return jobs[0].status;
    return jobs[0].scores;
  }

  std::vector<absl::StatusOr<CostedScores>> ScoresAtEach(
      const std::vector<Damping>& dampings) override {
    const size_t together = std::max<int64_t>(1, RowsAtOnce() / std::max<int64_t>(1, num_tests()));
    std::vector<absl::StatusOr<CostedScores>> results;
    for (size_t first = 0; first < dampings.size(); first += together) {
      std::vector<Job> jobs;
      for (size_t i = first; i < std::min(dampings.size(), first + together); ++i) {
        jobs.push_back({dampings[i], absl::StrCat("damping ", i)});
      }
      CostLedger own;
      absl::Status status;
      {
        const CostLedger::Phase shared(own, "shared");
        status = Run(jobs, own);
      }
      const std::map<std::string, Cost>& phases = own.phases();
      for (Job& job : jobs) {
        if (!status.ok() || !job.status.ok()) {
          results.push_back(status.ok() ? job.status : status);
          continue;
        }
        Cost cost = phases.at("shared");
        cost += phases.at(job.phase);
        results.push_back(CostedScores{job.scores, cost});
      }
    }
    return results;
  }

  // The sums over subsets of training gradients [m, p] are taken once: a damping then costs m p t.
  absl::Status PrepareSubsets(const at::Tensor& subsets, CostLedger& ledger) override {
    subset_sums_.clear();
    for (const KroneckerModel& model : models_) {
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
      }
      ledger.Charge(cost);
      subset_sums_.push_back(std::move(sums));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> SubsetScores(const Damping& damping, CostLedger& ledger) override {
    if (subset_sums_.empty()) return absl::FailedPreconditionError("PrepareSubsets comes first");
    at::Tensor scores;
    Cost cost;
    for (size_t m = 0; m < models_.size(); ++m) {
      const auto damped = DampedEigenvalues(models_[m], damping);
      if (!damped.ok()) return damped.status();
      for (size_t l = 0; l < damped->size(); ++l) {
        const at::Tensor& sums = subset_sums_[m][l];
        if (!scores.defined()) {
          scores = at::zeros({sums.size(0), num_tests()}, sums.options().dtype(at::kDouble));
        }
        const int64_t rows = RowsOfBlock(sums.size(1));
        for (int64_t first = 0; first < num_tests(); first += rows) {
          const int64_t end = std::min(num_tests(), first + rows);
          const at::Tensor some = Filtered(models_[m].layers[l], first, end, (*damped)[l], cost);
          scores.slice(1, first, end).add_(at::matmul(sums, some.t()));
        }
        cost.flops += 2.0 * sums.numel() * scores.size(1);
      }
    }
    ledger.Charge(cost);
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
    const int64_t t = models_.front().layers.front().test.deltas.size(0);
    SpectralMoments moments;
    for (at::Tensor* moment : {&moments.t1, &moments.t2, &moments.t3}) {
      *moment = at::zeros({static_cast<int64_t>(dampings.size()), t}, at::kDouble);
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
        const KroneckerLayer& layer = model.layers[l];
        const at::Tensor mean = layer.eigenvalues.div(static_cast<double>(models_.size()));
        std::vector<at::Tensor> weights;  // by damping those of t1, t2, t3, [3, out, in or 1]
        for (size_t d = 0; d < dampings.size(); ++d) {
          const at::Tensor once = mean.div(damped[d][l]), twice = once.div(damped[d][l]);
          weights.push_back(at::stack({once, twice, twice.div(damped[d][l])}));
        }
        const int64_t rows = layer.written_out ? RowsOfBlock(layer.eigenvalues.numel()) : t;
        for (int64_t first = 0; first < t; first += rows) {
          const int64_t end = std::min(t, first + rows);
          const LayerFactors test = SumOverPositions(
              {layer.test.inputs.slice(0, first, end), layer.test.deltas.slice(0, first, end)});
          cost.flops += SumFlops(layer) * (end - first);
          const at::Tensor inputs = Double(test.inputs).square();
          const at::Tensor deltas = Double(test.deltas).square();
          for (size_t d = 0; d < dampings.size(); ++d) {
            cost.flops += 2.0 * (end - first) * weights[d].numel();
            // Where inputs are 1, no [t, p] is made.
            const at::Tensor sums = layer.written_out
                                        ? at::matmul(deltas, weights[d].squeeze(2).t())
                                        : at::einsum("ti,koi,to->tk", {inputs, weights[d], deltas});
            moments.t1[d].slice(0, first, end).add_(sums.select(1, 0));
            moments.t2[d].slice(0, first, end).add_(sums.select(1, 1));
            moments.t3[d].slice(0, first, end).add_(sums.select(1, 2));
          }
        }
      }
    }
    ledger.Charge(cost);
    return moments;
  }

 private:
  // Scores at a damping, and the phase to which they charge what they share with no other.
  struct Job {
    Damping damping;
    std::string phase;
    absl::Status status;
    at::Tensor scores;
  };

  int64_t num_tests() const { return models_.front().layers.front().test.deltas.size(0); }

  // Filtered test gradients of a model, [p] each, that the bytes leave room for; a damping is done
  // after at most eight walks, whatever they are.
  int64_t RowsAtOnce() const {
    double left = bytes_, row = 0;
    for (const KroneckerModel& model : models_) left -= model.bytes;
    for (const std::vector<at::Tensor>& of_layers : subset_sums_) {
      for (const at::Tensor& sums : of_layers) left -= static_cast<double>(sums.nbytes());
    }
    for (const KroneckerLayer& layer : models_.front().layers) {
      row += static_cast<double>(layer.eigenvalues.numel() * layer.test.deltas.element_size());
    }
    return std::max((num_tests() + 7) / 8, static_cast<int64_t>(left / row));
  }

  // Of all jobs with one walk through each model's training gradients, or of one job with as many
  // as its test examples need.
  absl::Status Run(std::vector<Job>& jobs, CostLedger& ledger) const {
    for (Job& job : jobs) {
      job.scores = at::zeros({models_.front().num_train, num_tests()},
                             models_.front().layers.front().test.deltas.options());
    }
    const int64_t rows = RowsAtOnce();
    const int64_t walks = jobs.size() > 1 ? 1 : (num_tests() + rows - 1) / rows;
    for (const KroneckerModel& model : models_) {
      for (int64_t walk = 0; walk < walks; ++walk) {
        const absl::Status status =
            Walk(model, jobs, num_tests() * walk / walks, num_tests() * (walk + 1) / walks, ledger);
        if (!status.ok()) return status;
      }
    }
    for (Job& job : jobs) job.scores.div_(static_cast<double>(models_.size()));
    return absl::OkStatus();
  }

  // Adds one model's scores for some test examples.
  absl::Status Walk(const KroneckerModel& model, std::vector<Job>& jobs, int64_t begin, int64_t end,
                    CostLedger& ledger) const {
    std::vector<std::vector<at::Tensor>> right(jobs.size());  // [end - begin, p of the layer]
    for (size_t j = 0; j < jobs.size(); ++j) {
      const CostLedger::Phase alone(ledger, jobs[j].phase);
      const auto damped = DampedEigenvalues(model, jobs[j].damping);
      if (!damped.ok()) {
        jobs[j].status = damped.status();
        continue;
      }
      Cost cost;
      for (size_t l = 0; l < model.layers.size(); ++l) {
        const KroneckerLayer& layer = model.layers[l];
        at::Tensor filtered =
            at::empty({end - begin, layer.eigenvalues.numel()}, jobs[j].scores.options());
        const int64_t rows = RowsOfBlock(filtered.size(1));
        for (int64_t first = begin; first < end; first += rows) {
          const int64_t last = std::min(end, first + rows);
          const at::Tensor some = Filtered(layer, first, last, (*damped)[l], cost);
          filtered.slice(0, first - begin, last - begin)
              .copy_(layer.written_out ? layer.basis.Back(some, cost) : some);
        }
        cost.flops += 2.0 * static_cast<double>(model.num_train * filtered.numel());
        right[j].push_back(std::move(filtered));
      }
      ledger.Charge(cost);
    }
    return VisitTrain(model, ledger, [&](size_t l, int64_t first, const at::Tensor& gradients) {
      for (size_t j = 0; j < jobs.size(); ++j) {
        if (right[j].empty()) continue;
        const CostLedger::Phase alone(ledger, jobs[j].phase);
        jobs[j]
            .scores.slice(0, first, first + gradients.size(0))
            .slice(1, begin, end)
            .addmm_(gradients, right[j][l].t());
      }
    });
  }

  // Outer products of rows, flattened: [b, out (in + 1)].
  static at::Tensor Outer(const at::Tensor& deltas, const at::Tensor& inputs) {
    return deltas.unsqueeze(2).mul(inputs.unsqueeze(1)).flatten(1);
  }

  static int64_t RowsOfBlock(int64_t columns) {
    return std::max<int64_t>(1, kBlockNumbers / columns);
  }

  // Shows layer by layer rows of explicit training gradients, [b, p of the layer], a block at a
  // time, with the number of the first.
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

  // Of writing out one test gradient of a layer that is kept position by position.
  static double SumFlops(const KroneckerLayer& layer) {
    const int64_t positions = layer.test.inputs.size(1);
    return positions == 1 ? 0 : 2.0 * positions * layer.eigenvalues.numel();
  }

  // A layer's gradients of some test examples over its damped eigenvalues, [end - first, p of the
  // layer].
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
  std::vector<std::vector<at::Tensor>> subset_sums_;  // by model and layer, [m, p of the layer]
};

}  // namespace

at::Tensor KroneckerBasis::Into(const at::Tensor& gradients, Cost& cost) const {
  return Multiply(deltas.t(), gradients, inputs, cost);
}

at::Tensor KroneckerBasis::Back(const at::Tensor& gradients, Cost& cost) const {
  return Multiply(deltas, gradients, inputs.t(), cost);
}

absl::StatusOr<KroneckerModel> FitKroneckerModel(const AttributionTask& task,
                                                 const Parameters& parameters, FisherKind fisher,
                                                 KroneckerEigenvalues eigenvalues,
                                                 CostLedger& ledger) {
  const std::vector<Layer>& layers = task.model->layers();
  const double n = static_cast<double>(task.train.size());
  TrainingRoots roots(task, parameters, fisher, ledger);
  Cost cost;

  // Products in the gradients' type, eigenvectors in double.
  std::vector<at::Tensor> a(layers.size()), s(layers.size());
  const auto add = [](at::Tensor& sum, const at::Tensor& term) {
    sum = sum.defined() ? sum.add_(term) : term;
  };
  absl::Status status = roots.Visit([&](const FisherRoots& block) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const at::Tensor& deltas = block.layers[l].deltas;
      add(s[l], OuterProducts(deltas, cost).div_(n * deltas.size(3)));
      add(a[l], Double(SymmetricProduct(block.layers[l].inputs.flatten(0, 1), cost)).div_(n));
    }
  });
  if (!status.ok()) return status;

  std::vector<KroneckerBasis> bases;
  KroneckerModel model;
  model.layers.resize(layers.size());
  model.num_train = task.train.size();
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto of_inputs = Decompose(a[l], ledger), of_deltas = Decompose(s[l], ledger);
    if (!of_inputs.ok()) return of_inputs.status();
    if (!of_deltas.ok()) return of_deltas.status();
    const at::ScalarType type = parameters.front().value.scalar_type();
    bases.push_back({of_inputs->vectors.to(type), of_deltas->vectors.to(type)});
    model.layers[l].eigenvalues = at::outer(of_deltas->values, of_inputs->values);
  }

  if (eigenvalues == KroneckerEigenvalues::kSecondMoments) {
    for (KroneckerLayer& layer : model.layers) layer.eigenvalues.zero_();
    status = roots.Visit([&](const FisherRoots& block) {
      for (size_t l = 0; l < layers.size(); ++l) {
        model.layers[l].eigenvalues.add_(SecondMoments(bases[l], block.layers[l], cost), 1 / n);
      }
    });
    if (!status.ok()) return status;
  }

  ledger.Charge(cost);
  cost = Cost();
  status = VisitGradients(*task.model, parameters, task.test, GradientTarget::kLoss, ledger,
                          [&](const GradientBlock& block) {
                            for (size_t l = 0; l < layers.size(); ++l) {
                              const LayerPositions some =
                                  RotateSmaller(bases[l], block.layers[l], cost);
                              LayerPositions& all = model.layers[l].test;
                              PutRows(some.inputs, block.begin, task.test.size(), all.inputs);
                              PutRows(some.deltas, block.begin, task.test.size(), all.deltas);
                            }
                          });
  if (!status.ok()) return status;
  ledger.Charge(cost);
  for (size_t l = 0; l < layers.size(); ++l) {
    KroneckerLayer& layer = model.layers[l];
    layer.basis = bases[l];
    model.bytes += static_cast<double>(layer.test.inputs.nbytes() + layer.test.deltas.nbytes());
    layer.written_out = layers[l].kind == LayerKind::kConvolution && layers[l].positions > 1;
    if (layer.written_out) layer.eigenvalues = layer.eigenvalues.view({-1, 1});
  }

  const auto visit_train = [model = task.model, parameters, bases, train = task.train](
                               int64_t numbers, const KroneckerModel::Visitor& visitor,
                               CostLedger& to) {
    Cost rotations;
    GatheredRows rows(numbers, visitor);
    const auto rotate = [&](const GradientBlock& block) {
      std::vector<LayerFactors> rotated;
      for (size_t l = 0; l < bases.size(); ++l) {
        const LayerPositions& layer = block.layers[l];
        if (layer.inputs.size(1) > 1) {
          rotations.flops += 2.0 * layer.inputs.numel() * layer.deltas.size(2);
          rotated.push_back(SumOverPositions(layer));
        } else {
          rotated.push_back(SumOverPositions(Rotate(bases[l], layer, rotations)));
        }
      }
      rows.Add(block.begin, std::move(rotated));
    };
    const absl::Status done =
        VisitGradients(*model, parameters, train, GradientTarget::kLoss, to, rotate);
    if (done.ok()) rows.Show();
    to.Charge(rotations);
    return done;
  };
  if (GradientBytes(*task.model, parameters) * n <= task.gradient_bytes()) {
    std::vector<LayerFactors> kept(layers.size());
    status = visit_train(
        /*numbers=*/1,
        [&](int64_t begin, const std::vector<LayerFactors>& some) {
          for (size_t l = 0; l < some.size(); ++l) {
            PutRows(some[l].inputs, begin, model.num_train, kept[l].inputs);
            PutRows(some[l].deltas, begin, model.num_train, kept[l].deltas);
          }
        },
        ledger);
    if (!status.ok()) return status;
    for (const LayerFactors& layer : kept)
      model.bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
    model.visit_train = [kept](const KroneckerModel::Visitor& visitor, CostLedger&) {
      visitor(0, kept);
      return absl::OkStatus();
    };
  } else {
    // Many rows at a time: each time all of what they are multiplied with is read.
    const double size = static_cast<double>(parameters.front().value.element_size());
    const int64_t numbers =
        std::max(kBlockNumbers, static_cast<int64_t>(task.gradient_bytes() / 4 / size));
    model.bytes += 2 * static_cast<double>(numbers) * size;  // with a copy of the greatest layer
    model.visit_train = [visit_train, numbers](const KroneckerModel::Visitor& visitor,
                                               CostLedger& to) {
      return visit_train(numbers, visitor, to);
    };
  }
  return model;
}

std::unique_ptr<FittedAttribution> MakeKroneckerAttribution(std::vector<KroneckerModel> models,
                                                            DampingScope scope, double bytes) {
  return std::make_unique<KroneckerAttribution>(std::move(models), scope, bytes);
}

absl::StatusOr<std::unique_ptr<FittedAttribution>> FitKroneckerAttribution(
    const AttributionTask& task, const Hyperparameters& hyperparameters,
    KroneckerEigenvalues eigenvalues, CostLedger& ledger) {
  const FisherKind fisher =
      hyperparameters.Choice("fisher") == "true" ? FisherKind::kTrue : FisherKind::kEmpirical;
  const auto checkpoints = ReadCheckpoints(task, CheckpointKind::kFullData,
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
