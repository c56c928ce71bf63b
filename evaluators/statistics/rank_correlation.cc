// SPDX-License-Identifier: Apache-2.0
#include "evaluators/statistics/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

absl::Status CheckPairs(absl::Span<const double> x, absl::Span<const double> y) {
  if (x.size() != y.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot correlate ", x.size(), " values with ", y.size(), " values"));
  }
  for (const auto& [name, values] : {std::make_pair("first", x), std::make_pair("second", y)}) {
    bool constant = true;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        return absl::DataLossError(
            absl::StrCat("value ", i, " of the ", name, " side is ", values[i]));
      }
      constant = constant && values[i] == values[0];
    }
    if (constant) {
      return absl::DataLossError(
          absl::StrCat("the ", name, " side is constant: it has no correlation with anything"));
    }
  }
  return absl::OkStatus();
}

// Pair i counts w[i] times. 0 if a side is constant.
double WeightedPearson(absl::Span<const double> x, absl::Span<const double> y,
                       absl::Span<const double> w) {
  double total = 0, mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    total += w[i];
    mean_x += w[i] * x[i];
    mean_y += w[i] * y[i];
  }
  mean_x /= total;
  mean_y /= total;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xx += w[i] * dx * dx;
    yy += w[i] * dy * dy;
    xy += w[i] * dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace

absl::StatusOr<ResampledCorrelation> ResampledCorrelation::Make(absl::Span<const double> x,
                                                                absl::Span<const double> y,
                                                                CorrelationKind kind) {
  if (const absl::Status status = CheckPairs(x, y); !status.ok()) return status;
  ResampledCorrelation result;
  result.kind_ = kind;
  if (kind == CorrelationKind::kPearson) {
    result.values_of_x_.assign(x.begin(), x.end());
    result.values_of_y_.assign(y.begin(), y.end());
    return result;
  }
  result.x_ = Sorted(x);
  result.y_ = Sorted(y);
  return result;
}

ResampledCorrelation::Order ResampledCorrelation::Sorted(absl::Span<const double> values) {
  Order result;
  result.order.resize(values.size());
  std::iota(result.order.begin(), result.order.end(), 0);
  std::sort(result.order.begin(), result.order.end(),
            [&](int a, int b) { return values[a] < values[b]; });
  for (size_t i = 0; i < values.size(); ++i) {
    if (i == 0 || values[result.order[i]] != values[result.order[i - 1]]) {
      result.starts.push_back(static_cast<int>(i));
    }
  }
  result.starts.push_back(static_cast<int>(values.size()));
  return result;
}

void ResampledCorrelation::WeightedRanks(const Order& order, absl::Span<const double> weights,
                                         std::vector<double>& ranks) {
  double below = 0;
  for (size_t g = 0; g + 1 < order.starts.size(); ++g) {
    double here = 0;
    for (int i = order.starts[g]; i < order.starts[g + 1]; ++i) here += weights[order.order[i]];
    for (int i = order.starts[g]; i < order.starts[g + 1]; ++i) {
      ranks[order.order[i]] = below + (here + 1) / 2;
    }
    below += here;
  }
}

double ResampledCorrelation::Correlation(absl::Span<const double> weights) const {
  if (kind_ == CorrelationKind::kPearson) {
    return WeightedPearson(values_of_x_, values_of_y_, weights);
  }
  std::vector<double> x(weights.size()), y(weights.size());
  WeightedRanks(x_, weights, x);
  WeightedRanks(y_, weights, y);
  return WeightedPearson(x, y, weights);
}

}  // namespace attribench
