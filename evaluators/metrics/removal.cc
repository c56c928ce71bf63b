// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/removal.h"

#include <algorithm>
#include <cmath>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"

namespace attribench {

int64_t NumRemoved(double share, int64_t num_train) {
  return std::llround(share * static_cast<double>(num_train));
}

std::vector<int64_t> RemovalTests(const at::Tensor& correct, const EvaluationBlock& block,
                                  int64_t count) {
  const at::Tensor always = correct.all(0);
  std::vector<int64_t> right;
  for (const int64_t test : block.tests) {
    if (always[test].item<bool>()) right.push_back(test);
  }
  const auto size = static_cast<int64_t>(right.size());
  std::vector<int64_t> tests;
  for (const int64_t place : RandomStream(1, "removal tests").Sample(size, std::min(size, count))) {
    tests.push_back(right[place]);
  }
  return tests;
}

std::vector<int64_t> MostHelpful(const at::Tensor& scores, int64_t count) {
  const at::Tensor order = at::argsort(scores, /*stable=*/true, 0, /*descending=*/true);
  const at::Tensor first = std::get<0>(order.slice(0, 0, count).contiguous().sort());
  return {first.data_ptr<int64_t>(), first.data_ptr<int64_t>() + first.numel()};
}

std::vector<int64_t> RandomRemoval(int64_t num_train, int64_t count, int64_t draw) {
  std::vector<int64_t> order =
      RandomStream(1, "random removal", {static_cast<uint64_t>(draw)}).Permutation(num_train);
  order.resize(count);
  std::sort(order.begin(), order.end());
  return order;
}

RemovalEffect EffectOfRemoval(const at::Tensor& margin_helpful, const at::Tensor& correct_helpful,
                              const at::Tensor& margin_random) {
  RemovalEffect effect;
  effect.fall =
      margin_random.to(at::kDouble).mean({1, 2}).sub(margin_helpful.to(at::kDouble).mean(2));
  const at::Tensor wrong = correct_helpful.logical_not().sum(2);
  for (int64_t t = 0; t < wrong.size(1); ++t) {
    effect.smallest_flip.push_back(0);
    for (int64_t s = wrong.size(0) - 1; s >= 0; --s) {
      if (2 * wrong[s][t].item<int64_t>() > correct_helpful.size(2)) {
        effect.smallest_flip.back() = kRemovedShares[s];
      }
    }
  }
  return effect;
}

}  // namespace attribench
