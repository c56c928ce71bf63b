// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/kronecker_model.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "ATen/ATen.h"
#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "datasets/exception_status.h"
#include "methods/curvature/symmetric_product.h"
#include "methods/gradients/example_gradients.h"
#include "methods/gradients/parallel_for.h"

namespace attribench {
namespace {

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
  if (s == 1) {
    cost.flops += 2.0 * deltas.size(0) * in * (in + out) + 2.0 * deltas.numel() * out;
    const at::Tensor inputs = at::matmul(roots.inputs, basis.inputs).squeeze(1);
    const at::Tensor along = at::matmul(deltas.squeeze(3).transpose(1, 2), basis.deltas);
    return Double(at::matmul(along.square().sum(1).t(), inputs.square()));
  }
  // Into the basis go a root's factors, position by position, or, where there are many positions,
  // their sum.
  const double factors = 1.0 * s * in * in + 1.0 * k * s * out * out;
  const double sums = 1.0 * k * out * in * (in + out);
  const bool sums_first = sums < factors;
  cost.flops += 2.0 * deltas.size(0) * std::min(sums, factors) + 2.0 * deltas.numel() * in;
  const at::Tensor rotation = basis.deltas.t();
  const at::Tensor inputs = sums_first ? roots.inputs : at::matmul(roots.inputs, basis.inputs);
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
  std::vector<SymmetricSum> a(layers.size());
  std::vector<at::Tensor> s(layers.size());
  absl::Status status = roots.Visit([&](const FisherRoots& block) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const at::Tensor& deltas = block.layers[l].deltas;
      const at::Tensor products = OuterProducts(deltas, cost).div_(n * deltas.size(3));
      s[l] = s[l].defined() ? s[l].add_(products) : products;
      a[l].Add(block.layers[l].inputs.flatten(0, 1), cost);
    }
  });
  if (!status.ok()) return status;

  std::vector<KroneckerBasis> bases;
  KroneckerModel model;
  model.layers.resize(layers.size());
  model.num_train = task.train.size();
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto of_inputs = Decompose(a[l].Total(cost).div(n), ledger);
    const auto of_deltas = Decompose(s[l], ledger);
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

  // Shows gradients in the basis, `rows` of them at a time: a walk through what they are multiplied
  // with, which is far larger than a core's cache, is worth many rows.
  const auto visit_train = [model = task.model, parameters, bases, train = task.train](
                               int64_t rows, const KroneckerModel::Visitor& visitor,
                               CostLedger& to) {
    Cost rotations;
    std::vector<LayerFactors> all(bases.size());  // room for so many of examples from `begin` on
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
      for (size_t l = 0; l < bases.size(); ++l) {
        const LayerPositions& layer = block.layers[l];
        if (layer.inputs.size(1) > 1) {
          rotations.flops += 2.0 * layer.inputs.numel() * layer.deltas.size(2);
          PutSums(layer, end - begin, room, all[l]);
        } else {
          PutSums(Rotate(bases[l], layer, rotations), end - begin, room, all[l]);
        }
      }
      end += size;
    };
    const absl::Status done =
        VisitGradients(*model, parameters, train, GradientTarget::kLoss, to, gather);
    if (done.ok()) show();
    to.Charge(rotations);
    return done;
  };
  const double row = GradientBytes(*task.model, parameters);
  if (row * n <= task.gradient_bytes()) {
    std::vector<LayerFactors> kept;
    status = visit_train(
        task.train.size(), [&](int64_t, const std::vector<LayerFactors>& all) { kept = all; },
        ledger);
    if (!status.ok()) return status;
    for (const LayerFactors& layer : kept)
      model.bytes += static_cast<double>(layer.inputs.nbytes() + layer.deltas.nbytes());
    model.visit_train = [kept](const KroneckerModel::Visitor& visitor, CostLedger&) {
      visitor(0, kept);
      return absl::OkStatus();
    };
  } else {
    const auto rows = static_cast<int64_t>(task.gradient_bytes() / 2 / row);
    model.bytes += static_cast<double>(rows) * row;
    model.visit_train = [visit_train, rows](const KroneckerModel::Visitor& visitor,
                                            CostLedger& to) {
      return visit_train(rows, visitor, to);
    };
  }
  return model;
}

}  // namespace attribench
