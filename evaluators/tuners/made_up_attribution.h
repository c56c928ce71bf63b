// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_MADE_UP_ATTRIBUTION_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_MADE_UP_ATTRIBUTION_H_

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "datasets/random_stream.h"
#include "methods/attribution_method.h"

namespace attribench {

inline constexpr int64_t kTrain = 30, kSubsets = 24, kTests = 8;

inline at::Tensor Normal(int64_t rows, int64_t columns, uint64_t seed) {
  at::Tensor result = at::empty({rows, columns}, at::kDouble);
  RandomStream stream(seed, "tuner test");
  for (int64_t i = 0; i < result.numel(); ++i) result.data_ptr<double>()[i] = stream.Gaussian();
  return result;
}

// For tests: scores that are right at damping 1 and noisier away from it, and an indicator that is
// .5 at damping 10.
class MadeUpAttribution : public FittedAttribution {
 public:
  explicit MadeUpAttribution(at::Tensor truth) : truth_(std::move(truth)) {}

  absl::StatusOr<at::Tensor> Scores(const Damping& damping, CostLedger& ledger) override {
    ++scorings;
    Cost cost;
    cost.flops = 1000;
    ledger.Charge(cost);
    if (damping.value == broken_at) return at::full_like(truth_, std::nan(""));
    if (damping.value == throws_at) throw std::runtime_error("a shape is wrong");
    const double distance = std::abs(std::log10(damping.value));
    return truth_.add(Normal(kTrain, kTests, 5).mul(distance));
  }
  absl::Status PrepareManyDampings(CostLedger& ledger) override {
    Cost cost;
    cost.flops = preparation_flops;
    ledger.Charge(cost);
    return absl::OkStatus();
  }
  absl::StatusOr<double> AbsoluteDampingOf(const Damping& damping) const override {
    return damping.value;
  }
  absl::StatusOr<SpectralMoments> Moments(const std::vector<Damping>& dampings,
                                          CostLedger& ledger) override {
    ++moment_calls;
    Cost cost;
    cost.flops = 7;
    ledger.Charge(cost);
    at::Tensor xi = at::empty({static_cast<int64_t>(dampings.size()), kTests}, at::kDouble);
    for (size_t i = 0; i < dampings.size(); ++i) {
      if (dampings[i].value == broken_at) return absl::DataLossError("no moments");
      if (dampings[i].value == throws_at) throw std::runtime_error("a shape is wrong");
      xi[i].fill_(std::min(1.0, std::max(0.01, 0.4 + 0.1 * std::log10(dampings[i].value))));
    }
    if (indicator_shift.defined()) xi.add_(indicator_shift);
    return SpectralMoments{at::ones_like(xi), xi, at::ones_like(xi)};
  }

  double broken_at = -1;         // scores are not finite at this damping, and there are no moments
  double throws_at = -1;         // scores and moments throw at this damping
  at::Tensor indicator_shift;    // [tests], if defined
  double preparation_flops = 0;  // of many dampings
  int scorings = 0, moment_calls = 0;

 private:
  at::Tensor truth_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_MADE_UP_ATTRIBUTION_H_
