// SPDX-License-Identifier: Apache-2.0
#include "methods/gradients/projection.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "methods/gradients/parallel_for.h"

namespace attribench {
namespace {

// Rows first, ..., first + rows - 1 of a layer's part of P, times sqrt(k): [rows, k].
at::Tensor DenseRows(ProjectionKind kind, uint64_t seed, uint64_t layer, int64_t first,
                     int64_t rows, int64_t k) {
  at::Tensor block = at::empty({rows, k}, at::kFloat);
  float* data = block.data_ptr<float>();
  ParallelFor(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      RandomStream stream(seed, "projection", {layer, static_cast<uint64_t>(first + r)});
      float* row = data + r * k;
      if (kind == ProjectionKind::kGaussian) {
        for (int64_t c = 0; c < k; ++c) row[c] = static_cast<float>(stream.Gaussian());
      } else {
        uint32_t bits = 0;
        for (int64_t c = 0; c < k; ++c, bits >>= 1) {
          if (c % 32 == 0) bits = stream.Next32();
          row[c] = (bits & 1) != 0 ? 1.0f : -1.0f;
        }
      }
    }
  });
  return block;
}

void AddDense(const LayerFactors& layer, ProjectionKind kind, uint64_t seed, uint64_t index,
              at::Tensor& result) {
  constexpr int64_t kCoordinates = 4096;  // coordinates per block
  const int64_t in = layer.inputs.size(1), out = layer.deltas.size(1), k = result.size(1);
  const int64_t units = std::max<int64_t>(1, kCoordinates / in);
  const double scale = 1 / std::sqrt(static_cast<double>(k));
  for (int64_t begin = 0; begin < out; begin += units) {
    const int64_t end = std::min(out, begin + units);
    const at::Tensor gradients =
        layer.deltas.slice(1, begin, end).unsqueeze(2).mul(layer.inputs.unsqueeze(1)).flatten(1);
    const at::Tensor rows =
        DenseRows(kind, seed, index, begin * in, (end - begin) * in, k).to(result.options());
    result.addmm_(gradients, rows, 1, scale);
  }
}

// The one entry in each row of a layer's part of P.
struct SjltEntries {
  std::vector<int32_t> column;
  std::vector<int8_t> sign;  // 1 or -1
};

SjltEntries DrawSjlt(uint64_t seed, uint64_t index, int64_t out, int64_t in, int64_t k) {
  SjltEntries entries{std::vector<int32_t>(in * out), std::vector<int8_t>(in * out)};
  ParallelFor(0, out, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      RandomStream stream(seed, "projection", {index, static_cast<uint64_t>(unit)});
      for (int64_t i = unit * in; i < (unit + 1) * in; ++i) {
        const uint64_t draw = stream.Next64();
        entries.sign[i] = (draw & 1) != 0 ? 1 : -1;
        entries.column[i] = static_cast<int32_t>(((draw >> 32) * static_cast<uint64_t>(k)) >> 32);
      }
    }
  });
  return entries;
}

template <typename Scalar>
void AddSjlt(const LayerFactors& layer, uint64_t seed, uint64_t index, at::Tensor& result) {
  const int64_t n = layer.inputs.size(0), in = layer.inputs.size(1), out = layer.deltas.size(1);
  const int64_t k = result.size(1);
  const SjltEntries entries = DrawSjlt(seed, index, out, in, k);
  const at::Tensor inputs = layer.inputs.contiguous(), deltas = layer.deltas.contiguous();
  const Scalar* a = inputs.data_ptr<Scalar>();
  const Scalar* d = deltas.data_ptr<Scalar>();
  Scalar* phi = result.data_ptr<Scalar>();
  ParallelFor(0, n, 1, [&](int64_t begin, int64_t end) {
    for (int64_t example = begin; example < end; ++example) {
      const Scalar* input = a + example * in;
      Scalar* row = phi + example * k;
      for (int64_t unit = 0; unit < out; ++unit) {
        const Scalar delta = d[example * out + unit];
        if (delta == 0) continue;  // an inactive ReLU
        const int32_t* columns = entries.column.data() + unit * in;
        const int8_t* signs = entries.sign.data() + unit * in;
        for (int64_t i = 0; i < in; ++i) {
          row[columns[i]] += delta * input[i] * static_cast<Scalar>(signs[i]);
        }
      }
    }
  });
}

// The same for a GPU: P is written out, block by block.
void AddSjltByProducts(const LayerFactors& layer, uint64_t seed, uint64_t index,
                       at::Tensor& result) {
  constexpr int64_t kCoordinates = 4096;  // coordinates per block
  const int64_t in = layer.inputs.size(1), out = layer.deltas.size(1), k = result.size(1);
  const SjltEntries entries = DrawSjlt(seed, index, out, in, k);
  const auto moved = [&](const auto& numbers, at::ScalarType stored, at::ScalarType type) {
    return at::from_blob(const_cast<void*>(static_cast<const void*>(numbers.data())),
                         {static_cast<int64_t>(numbers.size()), 1}, stored)
        .to(result.device(), type);
  };
  const at::Tensor columns = moved(entries.column, at::kInt, at::kLong);
  const at::Tensor signs = moved(entries.sign, at::kChar, result.scalar_type());
  const int64_t units = std::max<int64_t>(1, kCoordinates / in);
  for (int64_t begin = 0; begin < out; begin += units) {
    const int64_t end = std::min(out, begin + units);
    const at::Tensor gradients =
        layer.deltas.slice(1, begin, end).unsqueeze(2).mul(layer.inputs.unsqueeze(1)).flatten(1);
    const at::Tensor rows = at::zeros({(end - begin) * in, k}, result.options())
                                .scatter_(1, columns.slice(0, begin * in, end * in),
                                          signs.slice(0, begin * in, end * in));
    result.addmm_(gradients, rows);
  }
}

}  // namespace

absl::StatusOr<ProjectionKind> ParseProjectionKind(const std::string& name) {
  if (name == "gaussian") return ProjectionKind::kGaussian;
  if (name == "rademacher") return ProjectionKind::kRademacher;
  if (name == "sjlt") return ProjectionKind::kSjlt;
  return absl::InvalidArgumentError(
      absl::StrCat("projection is '", name, "', must be gaussian, rademacher or sjlt"));
}

at::Tensor ProjectGradients(const GradientFactors& factors, ProjectionKind kind, int64_t dimension,
                            uint64_t seed, CostLedger& ledger) {
  const int64_t n = factors.num_examples();
  at::Tensor result = at::zeros({n, dimension}, factors.layers.front().inputs.options());
  Cost cost;
  for (size_t l = 0; l < factors.layers.size(); ++l) {
    const LayerFactors& layer = factors.layers[l];
    const double coordinates = static_cast<double>(n) * layer.inputs.size(1) * layer.deltas.size(1);
    if (kind != ProjectionKind::kSjlt) {
      AddDense(layer, kind, seed, l, result);
      cost.flops += coordinates * (1 + 2.0 * dimension);
      continue;
    }
    cost.flops += 3 * coordinates;
    if (!result.is_cpu()) {
      AddSjltByProducts(layer, seed, l, result);
    } else if (result.scalar_type() == at::kDouble) {
      AddSjlt<double>(layer, seed, l, result);
    } else {
      AddSjlt<float>(layer, seed, l, result);
    }
  }
  ledger.Charge(cost);
  return result;
}

}  // namespace attribench
