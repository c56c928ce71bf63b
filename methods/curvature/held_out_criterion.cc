// SPDX-License-Identifier: Apache-2.0
#include "methods/curvature/held_out_criterion.h"

#include <algorithm>
#include <cmath>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "methods/curvature/eigendecomposition.h"

namespace attribench {
namespace {

// Inner products of a group's unit-norm features, float64.
struct UnitNormProducts {
  at::Tensor fitted;        // K_AA [m, m]
  at::Tensor between;       // K_BA [b, m]
  at::Tensor fitted_test;   // c_A [m, t]
  at::Tensor held_test;     // c_B [b, t]
  at::Tensor test_squares;  // |q~|^2 of the group [t]
};

// Held-out examples of all groups together, if there are several: so many predictions fit into
// memory, and J hardly depends on more.
constexpr int64_t kRowsOfGroups = 6000;
constexpr int64_t kLeastRowsOfGroup = 20;

struct InverseNorms {
  at::Tensor train;  // 1 / |g| over all groups [n] float64; 0 if g = 0
  at::Tensor test;   // 1 / |q| [t]
};

at::Tensor SquaredRows(const at::Tensor& features) {
  return features.to(at::kDouble).square().sum(1);
}

at::Tensor InverseRoot(const at::Tensor& squares) {
  return at::where(squares.gt(0), squares.rsqrt(), at::zeros_like(squares));
}

InverseNorms NormsOf(const std::vector<FeatureGroup>& groups) {
  at::Tensor train, test;
  const auto add = [](const at::Tensor& squares, at::Tensor& sum) {
    sum = sum.defined() ? sum.add(squares) : squares;
  };
  for (const FeatureGroup& group : groups) {
    const bool is_kernel = !group.train.defined();
    add(is_kernel ? group.kernel.diagonal().to(at::kDouble).mul(group.kernel_divisor)
                  : SquaredRows(group.train),
        train);
    add(is_kernel ? group.test_squares.to(at::kDouble) : SquaredRows(group.test), test);
  }
  return {InverseRoot(train), InverseRoot(test)};
}

UnitNormProducts ProductsOf(const FeatureGroup& group, const InverseNorms& norms,
                            const HeldOutSplit& split, Cost& cost) {
  const at::Tensor of_fitted = norms.train.index_select(0, split.fitted);
  const at::Tensor of_held = norms.train.index_select(0, split.held_out);
  const auto scaled = [](const at::Tensor& products, const at::Tensor& rows,
                         const at::Tensor& columns) {
    return products.to(at::kDouble).mul(rows.unsqueeze(1)).mul(columns.unsqueeze(0));
  };
  const auto chosen = [&](const at::Tensor& all, int64_t dimension) {
    return split.tests.defined() ? all.index_select(dimension, split.tests) : all;
  };
  at::Tensor fitted, between, fitted_test, held_test, test_squares;
  if (group.train.defined()) {
    const at::Tensor test = chosen(group.test, 0);
    const at::Tensor a = group.train.index_select(0, split.fitted);
    const at::Tensor b = group.train.index_select(0, split.held_out);
    fitted = at::matmul(a, a.t());
    between = at::matmul(b, a.t());
    fitted_test = at::matmul(a, test.t());
    held_test = at::matmul(b, test.t());
    test_squares = SquaredRows(test);
    cost.flops += 2.0 * (a.numel() + b.numel()) * (a.size(0) + test.size(0));
  } else {
    const at::Tensor rows =
        group.kernel.index_select(1, split.fitted).to(at::kDouble).mul_(group.kernel_divisor);
    fitted = rows.index_select(0, split.fitted);
    between = rows.index_select(0, split.held_out);
    const at::Tensor cross = chosen(group.cross, 1);
    fitted_test = cross.index_select(0, split.fitted);
    held_test = cross.index_select(0, split.held_out);
    test_squares = chosen(group.test_squares, 0).to(at::kDouble);
  }
  const at::Tensor of_test = chosen(norms.test, 0);
  return {scaled(fitted, of_fitted, of_fitted), scaled(between, of_held, of_fitted),
          scaled(fitted_test, of_fitted, of_test), scaled(held_test, of_held, of_test),
          test_squares.mul(of_test.square())};
}

}  // namespace

FeatureGroup FeatureGroup::Of(const at::Tensor& train, const at::Tensor& test) {
  FeatureGroup group;
  group.train = train;
  group.test = test;
  group.dimension = static_cast<double>(train.size(1));
  return group;
}

absl::StatusOr<HeldOutPredictions> PredictHeldOut(const std::vector<FeatureGroup>& groups,
                                                  const HeldOutSplit& given,
                                                  const std::vector<Damping>& dampings,
                                                  CostLedger& ledger) {
  for (const Damping& damping : dampings) {
    if (damping.unit == ABSOLUTE || !(damping.value > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the held-out criterion at damping ", ToString(damping),
                       ": it must be above 0 and relative to the mean eigenvalue or the trace"));
    }
  }
  HeldOutSplit split = given;
  if (groups.size() > 1) {
    const auto rows = kRowsOfGroups / static_cast<int64_t>(groups.size());
    split.held_out = split.held_out.slice(0, 0, std::max(kLeastRowsOfGroup, rows));
  }
  const InverseNorms norms = NormsOf(groups);
  const auto m = static_cast<double>(split.fitted.size(0));
  // By damping: q~'x, the sum over groups [t], and g~_B'x of each group [b, t].
  std::vector<at::Tensor> of_test(dampings.size());
  std::vector<std::vector<at::Tensor>> of_held(dampings.size());
  for (const FeatureGroup& group : groups) {
    Cost cost;
    const UnitNormProducts products = ProductsOf(group, norms, split, cost);
    ledger.Charge(cost);
    const at::Tensor matrix = products.fitted.div(m);
    const auto eigen = DecomposeSymmetric(matrix, ledger);
    if (!eigen.ok()) return eigen.status();
    const double trace = matrix.trace().item<double>();
    const at::Tensor rotated = at::matmul(eigen->vectors.t(), products.fitted_test);  // [m, t]
    const at::Tensor between = at::matmul(products.between, eigen->vectors);          // [b, m]
    const at::Tensor squares = rotated.square();
    cost = Cost();
    cost.flops = 2.0 * eigen->vectors.numel() * (rotated.size(1) + between.size(0)) +
                 2.0 * dampings.size() * between.numel() * rotated.size(1);
    ledger.Charge(cost);
    for (size_t d = 0; d < dampings.size(); ++d) {
      const absl::StatusOr<double> lambda = AbsoluteDamping(dampings[d], trace, group.dimension);
      if (!lambda.ok()) return lambda.status();
      const at::Tensor inverse = eigen->values.add(*lambda).mul(m).reciprocal_();
      const at::Tensor test =
          products.test_squares.sub(at::matmul(inverse.unsqueeze(0), squares).squeeze(0))
              .div_(*lambda);
      const at::Tensor held =
          products.held_test.sub(at::matmul(between, rotated.mul(inverse.unsqueeze(1))))
              .div_(*lambda);
      of_test[d] = of_test[d].defined() ? of_test[d].add_(test) : test;
      of_held[d].push_back(held);
    }
  }
  const double root_of_weight = 1 / std::sqrt(static_cast<double>(split.held_out.size(0)));
  std::vector<at::Tensor> of_groups;
  for (std::vector<at::Tensor>& held : of_held) {
    of_groups.push_back(held.size() == 1 ? held[0] : at::cat(held));
    held.clear();
  }
  return HeldOutPredictions{at::stack(of_test), at::stack(of_groups).mul_(root_of_weight)};
}

at::Tensor HeldOutCriterion(const std::vector<HeldOutPredictions>& members, int64_t num_models) {
  const auto k = static_cast<double>(members.size());
  at::Tensor test, squares, sum;  // over members: of q'x, of squares, and of g'x
  const auto add = [](const at::Tensor& value, at::Tensor& to) {
    to = to.defined() ? to.add(value) : value;
  };
  for (const HeldOutPredictions& member : members) {
    add(member.test, test);
    add(member.held_out.square().sum(1), squares);
    add(member.held_out, sum);
  }
  at::Tensor expected = squares.div(k);
  if (members.size() > 1 && num_models > 1) {
    const at::Tensor products = sum.square().sum(1).sub(squares).div(k * (k - 1));
    const double own = 1 / static_cast<double>(num_models);
    expected = expected.mul(own).add(products, 1 - own);
  }
  return test.div(k).sub(expected, 0.5);
}

}  // namespace attribench
