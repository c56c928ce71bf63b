// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/kronecker_model.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "methods/curvature/eigendecomposition.h"
#include "methods/curvature/symmetric_product.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/parallel_for.h"

namespace attribench {
namespace {

// Square roots of the Fisher matrix, one or several per curvature example: for the empirical
// Fisher, the gradients. Roots are multiplied by the square roots of the examples' weights. The
// first visit keeps the blocks for later visits if they are small.
class CurvatureRoots {
 public:
  CurvatureRoots(const AttributionTask& task, const Parameters& parameters, FisherKind kind,
                 CostLedger& ledger)
      : task_(task),
        examples_(task.curvature_examples()),
        parameters_(parameters),
        kind_(kind),
        ledger_(ledger) {
    if (examples_.weights.defined()) weight_roots_ = examples_.MeanOneWeights().sqrt();
  }

  double num_examples() const { return static_cast<double>(examples_.size()); }

  // Square roots of the weights of the examples from `begin` on, as a column [b, 1, ...] of
  // `like`'s type and dimension; undefined if all weights are 1.
  at::Tensor WeightRoots(int64_t begin, const at::Tensor& like) const {
    if (!weight_roots_.defined()) return {};
    std::vector<int64_t> shape(like.dim(), 1);
    shape[0] = like.size(0);
    return weight_roots_.slice(0, begin, begin + like.size(0)).to(like.scalar_type()).view(shape);
  }

  absl::Status Visit(const FisherRootVisitor& visit) {
    if (!kept_.empty()) {
      for (const FisherRoots& block : kept_) visit(block);
      return absl::OkStatus();
    }
    bool keeps = true;
    double bytes = 0;
    const auto visit_and_keep = [&](const FisherRoots& block) {
      FisherRoots roots = block;
      for (LayerRoots& layer : roots.layers) {
        const at::Tensor weight_roots = WeightRoots(block.begin, layer.deltas);
        if (weight_roots.defined()) layer.deltas = layer.deltas.mul(weight_roots);
        bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
      }
      keeps = keeps && bytes <= task_.gradient_bytes();
      if (keeps) {
        kept_.push_back(roots);
      } else {
        kept_.clear();
      }
      visit(roots);
    };
    if (kind_ == FisherKind::kTrue) {
      return VisitFisherRoots(*task_.model, parameters_, examples_.examples, ledger_,
                              visit_and_keep);
    }
    return VisitGradients(
        *task_.model, parameters_, examples_.examples, GradientTarget::kLoss, ledger_,
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
  const CurvatureExamples examples_;
  const Parameters& parameters_;
  FisherKind kind_;
  CostLedger& ledger_;
  at::Tensor weight_roots_;  // [m] float64; undefined: all 1
  std::vector<FisherRoots> kept_;
};

at::Tensor Double(const at::Tensor& tensor) { return tensor.to(at::kDouble); }

// A layer's gradients in the basis.
LayerPositions Rotate(const KroneckerBasis& basis, const LayerPositions& layer, Cost& cost) {
  const at::Tensor &inputs = layer.inputs, &deltas = layer.deltas;
  cost.flops += 2.0 * (static_cast<double>(inputs.numel()) * inputs.size(2) +
                       static_cast<double>(deltas.numel()) * deltas.size(2));
  return {at::matmul(inputs, basis.inputs), at::matmul(deltas, basis.deltas)};
}

// The same in the form that takes less memory: position by position, or summed over positions.
LayerPositions RotateSmaller(const KroneckerBasis& basis, const LayerPositions& layer, Cost& cost) {
  const int64_t positions = layer.inputs.size(1);
  const int64_t in = layer.inputs.size(2), out = layer.deltas.size(2);
  if (positions == 1 || positions * (in + out) <= in * out) return Rotate(basis, layer, cost);
  cost.flops += 2.0 * static_cast<double>(layer.inputs.numel()) * out;
  const LayerFactors sums = SumOverPositions(layer);
  return {sums.inputs.unsqueeze(1), basis.Into(sums.deltas, cost).unsqueeze(1)};
}

// left V right for each gradient V [out, in].
at::Tensor Multiply(const at::Tensor& left, const at::Tensor& gradients, const at::Tensor& right,
                    Cost& cost) {
  const int64_t out = left.size(0), in = right.size(0);
  cost.flops += 2.0 * gradients.numel() * (out + in);
  return at::matmul(at::matmul(left, gradients.view({-1, out, in})), right).flatten(1);
}

// Sum over n examples, float64 of this shape. `add` adds example i to its first argument.
at::Tensor SumOverExamples(int64_t n, at::IntArrayRef shape, const at::TensorOptions& options,
                           const std::function<void(at::Tensor& sum, int64_t i)>& add) {
  std::vector<at::Tensor> sums(at::get_num_threads());
  ParallelFor(0, n, 1, [&](int64_t begin, int64_t end) {
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
  if (!deltas.is_cpu()) {
    const at::Tensor columns = deltas.transpose(0, 1).reshape({out, -1});
    return Double(at::mm(columns, columns.t()));
  }
  // One example at a time fits into a core's cache.
  return SumOverExamples(deltas.size(0), {out, out}, deltas.options(),
                         [&](at::Tensor& sum, int64_t i) {
                           const at::Tensor columns = deltas[i].flatten(1);
                           sum.addmm_(columns, columns.t());
                         });
}

// SecondMoments of a layer with several positions by batched products, for a GPU. With sums_first,
// `inputs` are not in the basis yet.
at::Tensor BatchedSecondMoments(const KroneckerBasis& basis, const at::Tensor& inputs,
                                const at::Tensor& deltas, bool sums_first) {
  constexpr int64_t kNumbers = int64_t{1} << 28;  // of the roots of some examples, written out
  const int64_t n = deltas.size(0), out = deltas.size(1), k = deltas.size(2), s = deltas.size(3);
  const int64_t in = inputs.size(2), rows = std::max<int64_t>(1, kNumbers / (out * k * in));
  const at::Tensor rotation = basis.deltas.t();
  at::Tensor total = at::zeros({out, in}, deltas.options().dtype(at::kDouble));
  for (int64_t begin = 0; begin < n; begin += rows) {
    const int64_t b = std::min(n - begin, rows);
    const at::Tensor some = deltas.slice(0, begin, begin + b);
    const at::Tensor of_inputs = inputs.slice(0, begin, begin + b);
    at::Tensor numbers;
    if (sums_first) {
      const at::Tensor of_sum = at::matmul(some.reshape({b, out * k, s}), of_inputs);
      numbers = at::matmul(rotation, at::matmul(of_sum, basis.inputs).view({b, out, k * in}));
    } else {
      const at::Tensor along = at::matmul(rotation, some.reshape({b, out, k * s}));
      numbers = at::matmul(along.view({b, out * k, s}), of_inputs);
    }
    total.add_(numbers.view({b, out, k, in}).square_().sum(at::IntArrayRef({0, 2})));
  }
  return total;
}

// Sum over examples and roots of the squares of the roots' numbers in the basis, [out, in] float64.
at::Tensor SecondMoments(const KroneckerBasis& basis, const LayerRoots& roots, Cost& cost) {
  const at::Tensor& deltas = roots.deltas;
  const int64_t out = deltas.size(1), k = deltas.size(2), s = deltas.size(3);
  const int64_t in = roots.inputs.size(2);
  if (s == 1) {
    cost.flops += 2.0 * deltas.size(0) * in * (in + out) + 2.0 * deltas.numel() * out;
    const at::Tensor inputs = at::matmul(roots.inputs, basis.inputs).squeeze(1);
    const at::Tensor along = at::matmul(deltas.squeeze(3).transpose(1, 2), basis.deltas);
    return Double(at::matmul(along.square().sum(1).t(), inputs.square()));
  }
  // If there are many positions, a root is summed over positions first and then rotated into the
  // basis. If not, its factors are rotated, position by position.
  const double factors = 1.0 * s * in * in + 1.0 * k * s * out * out;
  const double sums = 1.0 * k * out * in * (in + out);
  const bool sums_first = sums < factors;
  cost.flops += 2.0 * deltas.size(0) * std::min(sums, factors) + 2.0 * deltas.numel() * in;
  const at::Tensor rotation = basis.deltas.t();
  const at::Tensor inputs = sums_first ? roots.inputs : at::matmul(roots.inputs, basis.inputs);
  if (!deltas.is_cpu()) return BatchedSecondMoments(basis, inputs, deltas, sums_first);
  return SumOverExamples(
      deltas.size(0), {out, in}, deltas.options(), [&](at::Tensor& sum, int64_t i) {
        at::Tensor numbers;
        if (sums_first) {
          const at::Tensor of_sum = at::mm(deltas[i].view({out * k, s}), inputs[i]);
          numbers = at::mm(rotation, at::mm(of_sum, basis.inputs).view({out, k * in}));
        } else {
          const at::Tensor along = at::mm(rotation, deltas[i].flatten(1));
          numbers = at::mm(along.view({out * k, s}), inputs[i]);
        }
        numbers = numbers.view({out, k, in});
        for (int64_t root = 0; root < k; ++root) {
          const at::Tensor of_root = numbers.select(1, root);
          sum.addcmul_(of_root, of_root);
        }
      });
}

// Eigenvectors and K-FAC's eigenvalues of each layer.
absl::Status FitFactors(const AttributionTask& task, const Parameters& parameters,
                        CurvatureRoots& roots, std::vector<KroneckerLayer>& layers, Cost& cost,
                        CostLedger& ledger) {
  const double n = roots.num_examples();
  // Products in the gradients' type, sums and eigenvectors in double.
  std::vector<SymmetricSum> a(layers.size());
  std::vector<at::Tensor> s(layers.size());
  const absl::Status status = roots.Visit([&](const FisherRoots& block) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const LayerRoots& layer = block.layers[l];
      const at::Tensor products = OuterProducts(layer.deltas, cost).div_(n * layer.deltas.size(3));
      s[l] = s[l].defined() ? s[l].add_(products) : products;
      const at::Tensor weight_roots = roots.WeightRoots(block.begin, layer.inputs);
      const at::Tensor inputs =
          weight_roots.defined() ? layer.inputs.mul(weight_roots) : layer.inputs;
      a[l].Add(inputs.flatten(0, 1), cost);
    }
  });
  if (!status.ok()) return status;
  const at::ScalarType type = parameters.front().value.scalar_type();
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto of_inputs = DecomposeSymmetric(a[l].Total(cost).div(n), ledger);
    if (!of_inputs.ok()) return of_inputs.status();
    const auto of_deltas = DecomposeSymmetric(s[l], ledger);
    if (!of_deltas.ok()) return of_deltas.status();
    layers[l].basis = {of_inputs->vectors.to(type), of_deltas->vectors.to(type)};
    layers[l].eigenvalues = at::outer(of_deltas->values, of_inputs->values);
  }
  return absl::OkStatus();
}

// EK-FAC's eigenvalues of each layer.
absl::Status FitSecondMoments(CurvatureRoots& roots, std::vector<KroneckerLayer>& layers,
                              Cost& cost) {
  for (KroneckerLayer& layer : layers) layer.eigenvalues.zero_();
  return roots.Visit([&](const FisherRoots& block) {
    for (size_t l = 0; l < layers.size(); ++l) {
      layers[l].eigenvalues.add_(SecondMoments(layers[l].basis, block.layers[l], cost),
                                 1 / roots.num_examples());
    }
  });
}

// The test examples' gradients in each layer's basis.
absl::Status FitTestGradients(const AttributionTask& task, const Parameters& parameters,
                              std::vector<KroneckerLayer>& layers, CostLedger& ledger) {
  Cost cost;
  const absl::Status status = VisitGradients(
      *task.model, parameters, task.test, GradientTarget::kLoss, ledger,
      [&](const GradientBlock& block) {
        for (size_t l = 0; l < layers.size(); ++l) {
          const LayerPositions some = RotateSmaller(layers[l].basis, block.layers[l], cost);
          LayerPositions& all = layers[l].test;
          PutRows(some.inputs, block.begin, task.test.size(), all.inputs);
          PutRows(some.deltas, block.begin, task.test.size(), all.deltas);
        }
      });
  ledger.Charge(cost);
  return status;
}

// A walk through the training examples' gradients in the basis. A block has about `rows` examples:
// the gradients are multiplied with something far larger than a core's cache, and many rows share
// the cost of reading that.
class TrainingWalk {
 public:
  TrainingWalk(const AttributionTask& task, const Parameters& parameters,
               const std::vector<KroneckerLayer>& layers)
      : model_(task.model), train_(task.train), parameters_(parameters) {
    for (const KroneckerLayer& layer : layers) bases_.push_back(layer.basis);
  }

  absl::Status Visit(int64_t rows, const KroneckerModel::Visitor& visitor,
                     CostLedger& ledger) const {
    Cost rotations;
    std::vector<LayerFactors> all(bases_.size());  // room for the examples from `begin` on
    int64_t begin = 0, end = 0, room = 0;
    const auto show = [&] {
      std::vector<LayerFactors> some;
      for (const LayerFactors& layer : all) {
        some.push_back(
            {layer.inputs.slice(0, 0, end - begin), layer.deltas.slice(0, 0, end - begin)});
      }
      visitor(begin, some);
      begin = end;
    };
    const auto gather = [&](const GradientBlock& block) {
      const int64_t size = block.layers.front().inputs.size(0);
      if (end > begin && end + size > begin + room) show();
      if (end == begin) room = std::max(rows, size);
      for (size_t l = 0; l < bases_.size(); ++l) {
        const LayerPositions& layer = block.layers[l];
        if (layer.inputs.size(1) > 1) {
          rotations.flops += 2.0 * layer.inputs.numel() * layer.deltas.size(2);
          PutSums(layer, end - begin, room, all[l]);
        } else {
          PutSums(Rotate(bases_[l], layer, rotations), end - begin, room, all[l]);
        }
      }
      end += size;
    };
    const absl::Status done =
        VisitGradients(*model_, parameters_, train_, GradientTarget::kLoss, ledger, gather);
    if (done.ok()) show();
    ledger.Charge(rotations);
    return done;
  }

 private:
  const Model* model_;
  Dataset train_;
  Parameters parameters_;
  std::vector<KroneckerBasis> bases_;
};

// Keeps the training examples' gradients if they fit into the task's limit.
absl::Status FitTrainingGradients(const AttributionTask& task, const Parameters& parameters,
                                  KroneckerModel& model, CostLedger& ledger) {
  const TrainingWalk walk(task, parameters, model.layers);
  const double row = GradientBytes(*task.model, parameters);
  if (row * static_cast<double>(task.train.size()) > task.gradient_bytes()) {
    const auto rows = static_cast<int64_t>(task.gradient_bytes() / 2 / row);
    model.walk_bytes = static_cast<double>(rows) * row;
    model.visit_train = [walk, rows](const KroneckerModel::Visitor& visitor, CostLedger& to) {
      return walk.Visit(rows, visitor, to);
    };
    return absl::OkStatus();
  }
  std::vector<LayerFactors> kept;
  const auto keep = [&](int64_t, const std::vector<LayerFactors>& all) { kept = all; };
  if (const absl::Status status = walk.Visit(task.train.size(), keep, ledger); !status.ok()) {
    return status;
  }
  for (const LayerFactors& layer : kept) {
    model.bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
  }
  model.visit_train = [kept](const KroneckerModel::Visitor& visitor, CostLedger&) {
    visitor(0, kept);
    return absl::OkStatus();
  };
  return absl::OkStatus();
}

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
  CurvatureRoots roots(task, parameters, fisher, ledger);
  KroneckerModel model;
  model.layers.resize(layers.size());
  model.num_train = task.train.size();
  Cost cost;
  absl::Status status = FitFactors(task, parameters, roots, model.layers, cost, ledger);
  if (status.ok() && eigenvalues == KroneckerEigenvalues::kSecondMoments) {
    status = FitSecondMoments(roots, model.layers, cost);
  }
  ledger.Charge(cost);
  if (status.ok()) status = FitTestGradients(task, parameters, model.layers, ledger);
  if (!status.ok()) return status;
  for (size_t l = 0; l < layers.size(); ++l) {
    KroneckerLayer& layer = model.layers[l];
    model.bytes += static_cast<double>(layer.test.inputs.nbytes() + layer.test.deltas.nbytes());
    layer.written_out = layers[l].kind == LayerKind::kConvolution && layers[l].positions > 1;
    if (layer.written_out) layer.eigenvalues = layer.eigenvalues.view({-1, 1});
  }
  status = FitTrainingGradients(task, parameters, model, ledger);
  if (!status.ok()) return status;
  return model;
}

}  // namespace attribench
