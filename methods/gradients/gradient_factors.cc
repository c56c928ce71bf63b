// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/gradient_factors.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "c10/core/GradMode.h"
#include "methods/gradients/parallel_for.h"
#include "torch/csrc/autograd/autograd.h"

namespace attribench {
namespace {

// The gradient of the target at the logits [n, classes], float64, and 1 - p_y.
struct LogitGradient {
  at::Tensor gradient;
  at::Tensor gap;
};

LogitGradient GradientAtLogits(const at::Tensor& logits, const at::Tensor& labels,
                               GradientTarget target) {
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor z = logits.to(at::kDouble);
  at::Tensor gradient;
  at::Tensor others = at::softmax(z, 1).scatter(1, index, 0);
  const at::Tensor gap = others.sum(1);
  if (target == GradientTarget::kLoss) {
    gradient = others.scatter(1, index, -gap.unsqueeze(1));
  } else {
    others = at::softmax(z.scatter(1, index, -std::numeric_limits<double>::infinity()), 1);
    gradient = (-others).scatter(1, index, 1);
  }
  return {gradient, gap};
}

// Examples per block, if each example has `vectors` gradients at every output. A GPU needs larger
// blocks to be busy than a CPU's caches hold.
int64_t BlockRows(const Model& model, int64_t vectors, bool on_cpu) {
  int64_t numbers = 1, widest = 0;  // per example: outputs with their gradients, and patches
  for (const Layer& layer : model.layers()) {
    numbers += (3 + vectors) * layer.positions * layer.num_outputs;
    widest = std::max(widest, layer.positions * layer.num_inputs);
  }
  return std::max<int64_t>(1, (int64_t{1} << (on_cpu ? 25 : 28)) / (numbers + widest));
}

bool AllFinite(const at::Tensor& values) {
  // A sum is finite only if all terms are, and takes one pass. The second test is for sums that
  // overflow.
  return std::isfinite(values.sum().item<double>()) || at::isfinite(values).all().item<bool>();
}

at::Tensor WithOnes(const at::Tensor& inputs, bool has_bias) {
  if (!has_bias) return inputs;
  std::vector<int64_t> shape = inputs.sizes().vec();
  shape.back() = 1;
  return at::cat({inputs, at::ones(shape, inputs.options())}, -1);
}

// The inputs of a convolution at each position of its output, [b, s, in]. The result is a view of
// [in, b s], so that products over all positions of all examples need no copy.
at::Tensor Patches(const Layer& layer, const at::Tensor& images) {
  const int64_t k = layer.kernel, p = layer.padding;
  const at::Tensor padded = at::constant_pad_nd(images, {p, p, p, p}).contiguous();
  const auto positions = [&](int64_t side) { return (side - k) / layer.stride + 1; };
  const int64_t height = positions(padded.size(2)), width = positions(padded.size(3));
  const int64_t row = padded.stride(2), column = padded.stride(3);
  const at::Tensor windows = padded.as_strided(
      {images.size(1), k, k, images.size(0), height, width},
      {padded.stride(1), row, column, padded.stride(0), row * layer.stride, column * layer.stride});
  return windows.reshape({images.size(1) * k * k, images.size(0), height * width})
      .permute({1, 2, 0});
}

// LayerPositions::inputs of a layer with this input, for any gradient target.
at::Tensor InputPositions(const Layer& layer, const at::Tensor& input) {
  switch (layer.kind) {
    case LayerKind::kLinear:
      return WithOnes(input, layer.has_bias).unsqueeze(1);
    case LayerKind::kConvolution:
      return WithOnes(Patches(layer, input), layer.has_bias);
    case LayerKind::kBatchNorm:
      return at::ones({input.size(0), 1, 1}, input.options());
  }
  return {};
}

// LayerPositions::deltas of a layer, from the gradient `delta` at its output.
at::Tensor DeltaPositions(const Layer& layer, const at::Tensor& input, const at::Tensor& delta) {
  switch (layer.kind) {
    case LayerKind::kLinear:
      return delta.unsqueeze(1);
    case LayerKind::kConvolution:
      return delta.flatten(2).transpose(1, 2);
    case LayerKind::kBatchNorm: {
      const at::Tensor of_weight = delta.mul(input).sum({2, 3}), of_bias = delta.sum({2, 3});
      return at::stack({of_weight, of_bias}, 2).flatten(1).unsqueeze(1);
    }
  }
  return {};
}

// Makes `tensor` a tensor of this shape and type. Memory that fits is used again, because the
// system hands out new memory slowly, page by page.
void MakeRoom(at::IntArrayRef shape, const at::TensorOptions& options, at::Tensor& tensor) {
  if (tensor.defined() && tensor.sizes() == shape && tensor.scalar_type() == options.dtype())
    return;
  tensor = at::Tensor();  // frees the old memory before new memory is allocated
  tensor = at::empty(shape, options);
}

absl::Status NotFinite(const Layer& layer) {
  return absl::DataLossError(absl::StrCat("gradients of layer ", layer.name,
                                          " are not finite: check the checkpoint and the inputs"));
}

// Runs the forward passes of a dataset, block by block, and the backward passes of each block.
class ForwardPasses {
 public:
  ForwardPasses(const Model& model, const Parameters& parameters, const Dataset& dataset,
                int64_t vectors)
      : model_(model),
        weights_(parameters),
        dataset_(dataset),
        vectors_(vectors),
        rows_(BlockRows(model, vectors, dataset.inputs.is_cpu())) {
    for (Parameter& weight : weights_)
      weight.value = weight.value.detach().requires_grad_(weight.trained);
  }

  // Forward pass of examples begin, ..., end() - 1.
  absl::Status Run(int64_t begin) {
    begin_ = begin;
    trace_.clear();
    {
      c10::AutoGradMode gradients_on(true);
      logits_ = model_.Logits(
          weights_, dataset_.inputs.slice(0, begin, end()).to(weights_.front().value.scalar_type()),
          nullptr, &trace_);
    }
    outputs_.clear();
    inputs_.clear();
    for (size_t l = 0; l < trace_.size(); ++l) {
      const Layer& layer = model_.layers()[l];
      if (!AllFinite(trace_[l].input)) return NotFinite(layer);
      outputs_.push_back(trace_[l].output);
      trace_[l].input = trace_[l].input.detach();
      inputs_.push_back(InputPositions(layer, trace_[l].input));
    }
    return absl::OkStatus();
  }

  int64_t end() const { return std::min(dataset_.size(), begin_ + rows_); }
  at::Tensor labels() const { return dataset_.labels.slice(0, begin_, end()); }
  at::Tensor logits() const { return logits_.detach(); }
  const std::vector<at::Tensor>& inputs() const { return inputs_; }  // per layer [b, s, in]

  // From a gradient at the logits to the gradient at each layer's output, [b, s, out]. `last` says
  // that this is the block's last backward pass, and frees its graph.
  absl::StatusOr<std::vector<at::Tensor>> Backward(const at::Tensor& at_logits, bool last) const {
    const std::vector<at::Tensor> gradients = torch::autograd::grad(
        {logits_}, outputs_, {at_logits.to(logits_.scalar_type())}, /*retain_graph=*/!last);
    std::vector<at::Tensor> deltas;
    for (size_t l = 0; l < trace_.size(); ++l) {
      const Layer& layer = model_.layers()[l];
      if (!AllFinite(gradients[l])) return NotFinite(layer);
      deltas.push_back(DeltaPositions(layer, trace_[l].input, gradients[l].detach()));
    }
    return deltas;
  }

  Cost TotalCost() const {
    const double n = static_cast<double>(dataset_.size()), k = static_cast<double>(vectors_);
    Cost cost;
    cost.gradient_evaluations = n * k;
    cost.flops = model_.ForwardFlops() * n * (1 + k);  // forward, and backward to the outputs
    return cost;
  }

 private:
  const Model& model_;
  Parameters weights_;
  const Dataset& dataset_;
  int64_t vectors_, rows_, begin_ = 0;
  at::Tensor logits_;
  std::vector<LayerTrace> trace_;
  std::vector<at::Tensor> outputs_, inputs_;
};

}  // namespace

int64_t GradientFactors::num_parameters() const {
  int64_t count = 0;
  for (const LayerFactors& layer : layers) count += layer.inputs.size(1) * layer.deltas.size(1);
  return count;
}

absl::Status VisitGradients(const Model& model, const Parameters& parameters,
                            const Dataset& dataset, GradientTarget target, CostLedger& ledger,
                            const GradientVisitor& visit) {
  ForwardPasses passes(model, parameters, dataset, /*vectors=*/1);
  for (int64_t begin = 0; begin < dataset.size(); begin = passes.end()) {
    if (const absl::Status status = passes.Run(begin); !status.ok()) return status;
    const LogitGradient at_logits = GradientAtLogits(passes.logits(), passes.labels(), target);
    const auto deltas = passes.Backward(at_logits.gradient, /*last=*/true);
    if (!deltas.ok()) return deltas.status();
    GradientBlock block = {begin, {}, at_logits.gap};
    for (size_t l = 0; l < deltas->size(); ++l) {
      block.layers.push_back({passes.inputs()[l], (*deltas)[l]});
    }
    visit(block);
  }
  ledger.Charge(passes.TotalCost());
  return absl::OkStatus();
}

at::Tensor FisherRootsAtLogits(const at::Tensor& logits) {
  const int64_t k = logits.size(1) - 1;
  const at::Tensor p = at::softmax(logits.to(at::kDouble), 1);
  const at::Tensor from = p.flip(1).cumsum(1).flip(1);  // sum over this class and later ones
  const at::Tensor after = from.slice(1, 1);            // sum over later classes
  const at::Tensor scale =
      at::where(after.gt(0), p.slice(1, 0, k).div(after).div(from.slice(1, 0, k)).sqrt(),
                at::zeros({}, p.options()));
  return at::constant_pad_nd(at::diag_embed(scale.mul(after)), {0, 0, 0, 1})
      .sub_(p.unsqueeze(2).mul(scale.unsqueeze(1)).tril(-1));
}

absl::Status VisitFisherRoots(const Model& model, const Parameters& parameters,
                              const Dataset& dataset, CostLedger& ledger,
                              const FisherRootVisitor& visit) {
  const int64_t vectors = model.num_classes() - 1;
  if (vectors < 1) {
    return absl::InvalidArgumentError(
        "the model has 1 class, so its Fisher matrix is 0: use a model with 2 or more classes");
  }
  ForwardPasses passes(model, parameters, dataset, vectors);
  for (int64_t begin = 0; begin < dataset.size(); begin = passes.end()) {
    if (const absl::Status status = passes.Run(begin); !status.ok()) return status;
    const at::Tensor at_logits = FisherRootsAtLogits(passes.logits());
    FisherRoots roots = {begin, {}};
    for (int64_t k = 0; k < vectors; ++k) {
      const auto deltas = passes.Backward(at_logits.select(2, k), /*last=*/k + 1 == vectors);
      if (!deltas.ok()) return deltas.status();
      for (size_t l = 0; l < deltas->size(); ++l) {
        const at::Tensor& delta = (*deltas)[l];  // [b, s, out]
        if (k == 0) {
          roots.layers.push_back(
              {passes.inputs()[l],
               at::empty({delta.size(0), delta.size(2), vectors, delta.size(1)}, delta.options())});
        }
        roots.layers[l].deltas.select(2, k).copy_(delta.transpose(1, 2));
      }
    }
    visit(roots);
  }
  ledger.Charge(passes.TotalCost());
  return absl::OkStatus();
}

LayerFactors SumOverPositions(const LayerPositions& positions) {
  LayerFactors sums;
  PutSums(positions, 0, positions.inputs.size(0), sums);
  return sums;
}

void PutSums(const LayerPositions& positions, int64_t begin, int64_t n, LayerFactors& all) {
  const at::Tensor &inputs = positions.inputs, &deltas = positions.deltas;
  if (inputs.size(1) == 1) {
    PutRows(inputs.squeeze(1), begin, n, all.inputs);
    PutRows(deltas.squeeze(1), begin, n, all.deltas);
    return;
  }
  const int64_t in = inputs.size(2), out = deltas.size(2);
  if (begin == 0) {
    all.inputs = at::ones({n, 1}, inputs.options());
    MakeRoom({n, out * in}, inputs.options(), all.deltas);
  }
  const at::Tensor sums = all.deltas.slice(0, begin).view({-1, out, in});
  if (!sums.is_cpu()) {  // one batched product feeds a GPU better than many small ones
    at::Tensor some = sums.slice(0, 0, inputs.size(0));
    at::bmm_out(some, deltas.transpose(1, 2), inputs);
    return;
  }
  // One thread per example: the product of one example is too small for several threads.
  ParallelFor(0, inputs.size(0), 1, [&](int64_t first, int64_t end) {
    for (int64_t i = first; i < end; ++i) {
      at::Tensor sum = sums[i];
      at::mm_out(sum, deltas[i].t(), inputs[i]);
    }
  });
}

void PutRows(const at::Tensor& rows, int64_t begin, int64_t n, at::Tensor& all) {
  if (rows.size(0) == n) {
    all = rows;
    return;
  }
  if (begin == 0) {
    std::vector<int64_t> shape = rows.sizes().vec();
    shape[0] = n;
    MakeRoom(shape, rows.options(), all);
  }
  all.slice(0, begin, begin + rows.size(0)).copy_(rows);
}

absl::Status ComputeGradientFactorsInto(const Model& model, const Parameters& parameters,
                                        const Dataset& dataset, GradientTarget target,
                                        CostLedger& ledger, GradientFactors& factors) {
  const size_t layers = model.layers().size();
  const int64_t n = dataset.size();
  factors.layers.resize(layers);
  const absl::Status status =
      VisitGradients(model, parameters, dataset, target, ledger, [&](const GradientBlock& block) {
        for (size_t l = 0; l < layers; ++l)
          PutSums(block.layers[l], block.begin, n, factors.layers[l]);
        PutRows(block.label_probability_gap, block.begin, n, factors.label_probability_gap);
      });
  if (!status.ok()) return status;
  Cost cost;
  for (size_t l = 0; l < layers; ++l) {
    const Layer& layer = model.layers()[l];
    if (layer.positions > 1 && layer.kind == LayerKind::kConvolution) {
      cost.flops += 2.0 * layer.positions * layer.num_parameters() * n;
    }
  }
  ledger.Charge(cost);
  return absl::OkStatus();
}

absl::StatusOr<GradientFactors> ComputeGradientFactors(const Model& model,
                                                       const Parameters& parameters,
                                                       const Dataset& dataset,
                                                       GradientTarget target, CostLedger& ledger) {
  GradientFactors factors;
  const absl::Status status =
      ComputeGradientFactorsInto(model, parameters, dataset, target, ledger, factors);
  if (!status.ok()) return status;
  return factors;
}

at::Tensor InnerProducts(const GradientFactors& a, const GradientFactors& b, CostLedger& ledger) {
  constexpr int64_t kRows = 512;  // rows of a per block, so that it stays in the last-level cache
  const int64_t n = a.num_examples(), m = b.num_examples();
  at::Tensor result = at::empty({n, m}, a.layers.front().inputs.options());
  Cost cost;
  for (int64_t begin = 0; begin < n; begin += kRows) {
    const int64_t end = std::min(n, begin + kRows);
    at::Tensor block = result.slice(0, begin, end);
    for (size_t l = 0; l < a.layers.size(); ++l) {
      const at::Tensor products =
          at::matmul(a.layers[l].inputs.slice(0, begin, end), b.layers[l].inputs.t())
              .mul_(at::matmul(a.layers[l].deltas.slice(0, begin, end), b.layers[l].deltas.t()));
      if (l == 0) {
        block.copy_(products);
      } else {
        block.add_(products);
      }
    }
  }
  for (const LayerFactors& layer : a.layers) {
    cost.flops += 2.0 * n * m * (layer.inputs.size(1) + layer.deltas.size(1) + 1);
  }
  ledger.Charge(cost);
  return result;
}

at::Tensor SquaredNorms(const GradientFactors& factors) {
  const int64_t n = factors.num_examples();
  at::Tensor norms = at::zeros({n}, factors.layers.front().inputs.options());
  const auto squares = [](const at::Tensor& rows) { return rows.square().sum(1); };
  for (const LayerFactors& layer : factors.layers) {
    // Rows are taken in blocks that stay in a core's cache.
    const int64_t width = std::max(layer.inputs.size(1), layer.deltas.size(1));
    const int64_t rows = norms.is_cpu() ? std::max<int64_t>(1, (int64_t{1} << 20) / width) : n;
    ParallelFor(0, n, rows, [&](int64_t first, int64_t last) {
      for (int64_t begin = first, end; begin < last; begin = end) {
        end = std::min(last, begin + rows);
        norms.slice(0, begin, end)
            .add_(squares(layer.inputs.slice(0, begin, end))
                      .mul_(squares(layer.deltas.slice(0, begin, end))));
      }
    });
  }
  return norms;
}

at::Tensor ExplicitGradients(const GradientFactors& factors) {
  std::vector<at::Tensor> blocks;
  for (const LayerFactors& layer : factors.layers) {
    blocks.push_back(layer.deltas.unsqueeze(2).mul(layer.inputs.unsqueeze(1)).flatten(1));
  }
  return at::cat(blocks, 1);
}

}  // namespace attribench
