// SPDX-License-Identifier: Apache-2.0
#include "evaluators/metrics/mislabelled_auc.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "datasets/random_stream.h"
#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {
namespace {

constexpr int64_t kMostOfAKind = 500;
// A score is a float32 sum over all parameters.
constexpr double kRoundingOfScores = 1e-5;

at::Tensor SampleOf(const at::Tensor& examples, RandomStream& stream) {
  const int64_t count = std::min(kMostOfAKind, examples.size(0));
  return examples.index_select(0, at::tensor(stream.Sample(examples.size(0), count), at::kLong));
}

std::vector<double> Vector(const at::Tensor& values) {
  const at::Tensor whole = values.contiguous();
  return {whole.data_ptr<double>(), whole.data_ptr<double>() + whole.numel()};
}

class MislabelledAuc : public Metric {
 public:
  explicit MislabelledAuc(const at::Tensor& mislabelled) {
    RandomStream stream(1, "mislabelled");
    wrong_ = SampleOf(mislabelled.nonzero().flatten(), stream);
    right_ = SampleOf(mislabelled.logical_not().nonzero().flatten(), stream);
  }

  std::string name() const override { return "mislabelled_auc"; }
  std::string unit() const override { return "mislabelled example"; }
  Direction direction() const override { return Direction::kHigherIsBetter; }
  std::optional<Estimate> Ceiling() const override { return std::nullopt; }

  absl::StatusOr<Measurement> Measure(const MeasuredScores& scores) const override {
    if (scores.self_scores == nullptr) {
      return absl::UnimplementedError("these scores are not known for the training examples");
    }
    const absl::StatusOr<at::Tensor> all = scores.self_scores(at::cat({wrong_, right_}));
    if (!all.ok()) return all.status();
    const at::Tensor bad = at::isfinite(*all).logical_not().nonzero().flatten();
    if (bad.size(0) > 0) {
      return absl::DataLossError(absl::StrCat(
          "training example ", at::cat({wrong_, right_})[bad[0].item<int64_t>()].item<int64_t>(),
          ": its score for itself is ", (*all)[bad[0].item<int64_t>()].item<double>()));
    }
    const at::Tensor of_wrong = all->slice(0, 0, wrong_.size(0)).to(at::kDouble).unsqueeze(1);
    const at::Tensor of_right = all->slice(0, wrong_.size(0)).to(at::kDouble).unsqueeze(0);
    // Scores that differ by no more than their rounding are tied.
    const at::Tensor rounding = at::max(of_wrong.abs(), of_right.abs()).mul(kRoundingOfScores);
    const at::Tensor difference = of_wrong.sub(of_right);  // [wrong, right]
    const at::Tensor above =
        difference.gt(rounding).to(at::kDouble).add(difference.abs().le(rounding), 0.5);

    Measurement auc;
    auc.per_unit = Vector(above.mean(1));
    auc.estimate.value = above.mean().item<double>();
    const TwoWayEffects effects{Vector(above.mean(0).sub(auc.estimate.value)),
                                Vector(above.mean(1).sub(auc.estimate.value))};
    const auto& bootstrap = TwoWayBootstrap::Of(static_cast<int>(effects.subsets.size()),
                                                static_cast<int>(effects.tests.size()));
    const auto [low, high] = PercentileInterval(bootstrap.Deviations(effects));
    auc.estimate.low = std::clamp(auc.estimate.value + low, 0.0, auc.estimate.value);
    auc.estimate.high = std::clamp(auc.estimate.value + high, auc.estimate.value, 1.0);
    return auc;
  }

 private:
  at::Tensor wrong_, right_;  // numbers of training examples
};

}  // namespace

std::unique_ptr<Metric> MakeMislabelledAuc(const at::Tensor& mislabelled) {
  return std::make_unique<MislabelledAuc>(mislabelled);
}

}  // namespace attribench
