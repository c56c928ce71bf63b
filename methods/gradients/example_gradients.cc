// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/example_gradients.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "ATen/ATen.h"

namespace attribench {
namespace {

GradientFactors SliceOf(const GradientFactors& whole, int64_t begin, int64_t end) {
  GradientFactors slice;
  for (const LayerFactors& layer : whole.layers) {
    slice.layers.push_back({layer.inputs.slice(0, begin, end), layer.deltas.slice(0, begin, end)});
  }
  slice.label_probability_gap = whole.label_probability_gap.slice(0, begin, end);
  return slice;
}

}  // namespace

double GradientBytes(const Model& model, const Parameters& parameters) {
  double numbers = 0;
  for (const Layer& layer : model.layers()) {
    const int64_t in = layer.num_inputs + (layer.has_bias ? 1 : 0);
    numbers += layer.kind == LayerKind::kLinear ? in + layer.num_outputs : in * layer.num_outputs;
  }
  return numbers * static_cast<double>(parameters.front().value.element_size());
}

absl::StatusOr<ExampleGradients> ExampleGradients::Make(const Model& model,
                                                        const Parameters& parameters,
                                                        const Dataset& dataset,
                                                        GradientTarget target, double bytes,
                                                        CostLedger& ledger) {
  ExampleGradients gradients;
  gradients.model_ = &model;
  gradients.parameters_ = &parameters;
  gradients.dataset_ = dataset;
  gradients.target_ = target;
  gradients.num_parameters_ = CountParameters(parameters);
  const double fitting = bytes / GradientBytes(model, parameters);
  gradients.rows_ = dataset.size();
  if (fitting < static_cast<double>(dataset.size())) {
    gradients.rows_ = std::max<int64_t>(1, static_cast<int64_t>(fitting));
    return gradients;
  }
  absl::StatusOr<GradientFactors> whole =
      ComputeGradientFactors(model, parameters, dataset, target, ledger);
  if (!whole.ok()) return whole.status();
  gradients.whole_ = *std::move(whole);
  return gradients;
}

absl::Status ExampleGradients::Slice(int64_t begin, int64_t end, CostLedger& ledger,
                                     GradientFactors& slice) const {
  if (whole_.has_value()) {
    slice = begin == 0 && end == size() ? *whole_ : SliceOf(*whole_, begin, end);
    return absl::OkStatus();
  }
  return ComputeGradientFactorsInto(
      *model_, *parameters_,
      {dataset_.inputs.slice(0, begin, end), dataset_.labels.slice(0, begin, end)}, target_, ledger,
      slice);
}

at::Tensor GradientPair::BlockOf(const at::Tensor& matrix) const {
  return matrix.slice(0, begin_a, begin_a + a.num_examples())
      .slice(1, begin_b, begin_b + b.num_examples());
}

void GradientPair::PlaceOnce(const at::Tensor& block, at::Tensor& matrix) const {
  BlockOf(matrix.t()).copy_(block);
  if (begin_a != begin_b && begin_a < matrix.size(0)) BlockOf(matrix).copy_(block);
}

absl::Status VisitPairs(const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
                        const PairVisitor& visit) {
  GradientFactors of_a, of_b;
  for (int64_t begin_b = 0; begin_b < b.size(); begin_b += b.rows()) {
    absl::Status status = b.Slice(begin_b, std::min(b.size(), begin_b + b.rows()), ledger, of_b);
    if (!status.ok()) return status;
    for (int64_t begin_a = 0; begin_a < a.size(); begin_a += a.rows()) {
      status = a.Slice(begin_a, std::min(a.size(), begin_a + a.rows()), ledger, of_a);
      if (!status.ok()) return status;
      visit({begin_a, of_a, begin_b, of_b});
    }
  }
  return absl::OkStatus();
}

absl::Status VisitPairsOnce(const ExampleGradients& a, int64_t first, CostLedger& ledger,
                            const PairVisitor& visit) {
  // In a pair on the diagonal, half of the products are mirror images: computing them is wasted
  // work. If all gradients are kept, slices of an eighth make this waste small.
  const bool whole = a.rows() == a.size();
  const int64_t kept = std::max<int64_t>(1, whole ? (first + 7) / 8 : a.rows() * 7 / 8);
  const int64_t passing = whole ? kept : std::max<int64_t>(1, a.rows() - kept);
  GradientFactors of_a, of_b;
  for (int64_t begin_b = 0; begin_b < first; begin_b += kept) {
    const int64_t end_b = std::min(first, begin_b + kept);
    absl::Status status = a.Slice(begin_b, end_b, ledger, of_b);
    if (!status.ok()) return status;
    visit({begin_b, of_b, begin_b, of_b});
    for (int64_t begin_a = end_b, end_a; begin_a < a.size(); begin_a = end_a) {
      end_a = std::min(begin_a < first ? first : a.size(), begin_a + passing);
      status = a.Slice(begin_a, end_a, ledger, of_a);
      if (!status.ok()) return status;
      visit({begin_a, of_a, begin_b, of_b});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> PairMatrix(
    const ExampleGradients& a, const ExampleGradients& b, CostLedger& ledger,
    const std::function<at::Tensor(const GradientPair&)>& block_of) {
  at::Tensor matrix;
  const absl::Status status = VisitPairs(a, b, ledger, [&](const GradientPair& pair) {
    const at::Tensor block = block_of(pair);
    if (!matrix.defined()) {
      matrix = block.size(0) == a.size() && block.size(1) == b.size()
                   ? block
                   : at::empty({a.size(), b.size()}, block.options());
    }
    if (!matrix.is_same(block)) pair.BlockOf(matrix).copy_(block);
  });
  if (!status.ok()) return status;
  return matrix;
}

absl::StatusOr<at::Tensor> InnerProducts(const ExampleGradients& a, const ExampleGradients& b,
                                         CostLedger& ledger) {
  return PairMatrix(a, b, ledger, [&](const GradientPair& pair) {
    return InnerProducts(pair.a, pair.b, ledger);
  });
}

absl::StatusOr<at::Tensor> GramMatrix(const ExampleGradients& a, int64_t first,
                                      CostLedger& ledger) {
  at::Tensor gram;
  const absl::Status status = VisitPairsOnce(a, first, ledger, [&](const GradientPair& pair) {
    const at::Tensor block = InnerProducts(pair.a, pair.b, ledger);
    if (!gram.defined()) gram = at::empty({first, a.size()}, block.options());
    pair.PlaceOnce(block, gram);
  });
  if (!status.ok()) return status;
  return gram;
}

absl::StatusOr<at::Tensor> SquaredNorms(const ExampleGradients& gradients, int64_t begin,
                                        CostLedger& ledger) {
  std::vector<at::Tensor> squares;
  GradientFactors factors;
  while (begin < gradients.size()) {
    const int64_t end = std::min(gradients.size(), begin + gradients.rows());
    const absl::Status status = gradients.Slice(begin, end, ledger, factors);
    if (!status.ok()) return status;
    squares.push_back(SquaredNorms(factors).clone());
    begin = end;
  }
  return at::cat(squares);
}

absl::StatusOr<at::Tensor> Cosines(const ExampleGradients& a, const ExampleGradients& b,
                                   CostLedger& ledger) {
  const auto lengths = [](const GradientFactors& factors) {  // at least the smallest normal float32
    return SquaredNorms(factors).sqrt_().clamp_min_(std::numeric_limits<float>::min());
  };
  at::Tensor of_b;
  return PairMatrix(a, b, ledger, [&](const GradientPair& pair) {
    if (pair.begin_a == 0) of_b = lengths(pair.b);
    return InnerProducts(pair.a, pair.b, ledger).div_(lengths(pair.a).unsqueeze(1)).div_(of_b);
  });
}

absl::StatusOr<ProjectedGradients> ProjectGradients(const ExampleGradients& gradients,
                                                    ProjectionKind kind, int64_t dimension,
                                                    uint64_t seed, CostLedger& ledger) {
  std::vector<at::Tensor> features, gaps;
  GradientFactors factors;
  for (int64_t begin = 0; begin < gradients.size(); begin += gradients.rows()) {
    const absl::Status status = gradients.Slice(
        begin, std::min(gradients.size(), begin + gradients.rows()), ledger, factors);
    if (!status.ok()) return status;
    features.push_back(ProjectGradients(factors, kind, dimension, seed, ledger));
    gaps.push_back(factors.label_probability_gap.clone());  // the next slice overwrites it
  }
  if (features.size() == 1) return ProjectedGradients{features[0], gaps[0]};
  return ProjectedGradients{at::cat(features), at::cat(gaps)};
}

}  // namespace attribench
