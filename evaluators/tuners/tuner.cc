// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <map>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/metrics/linear_datamodeling_score.h"

namespace attribench {
namespace {

std::multimap<std::string, std::unique_ptr<Tuner>>& Tuners() {
  static auto* tuners = new std::multimap<std::string, std::unique_ptr<Tuner>>;
  return *tuners;
}

}  // namespace

TuningProblem::TuningProblem(const Hyperparameters& hyperparameters, DampingSweep& sweep,
                             const GroundTruth& truth, const EvaluationBlock& block,
                             Cost retraining, CostLedger& ledger)
    : hyperparameters_(hyperparameters),
      sweep_(sweep),
      truth_(truth),
      block_(block),
      retraining_(retraining),
      ledger_(ledger) {}

absl::StatusOr<double> TuningProblem::Lds(const Damping& damping, int64_t num_subsets) {
  const CostLedger::Phase phase(ledger_, "tuning");
  if (num_subsets < 2 || num_subsets > this->num_subsets()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tuning on ", num_subsets, " retrained subsets, must be from 2 to ", this->num_subsets()));
  }
  if (num_subsets > retrained_) {
    ledger_.Charge(retraining_ * static_cast<double>(num_subsets - retrained_));
    retrained_ = num_subsets;
  }
  const absl::StatusOr<const DampingSweep::Point*> point = sweep_.Sums(damping, ledger_);
  if (!point.ok()) return point.status();
  if (scored_.empty()) ledger_.Charge(sweep_.preparation());
  if (scored_.insert(damping).second) ledger_.Charge((*point)->cost);
  const at::Tensor subsets =
      at::tensor(std::vector<int64_t>(block_.subsets.begin(), block_.subsets.begin() + num_subsets),
                 at::kLong);
  const at::Tensor tests = at::tensor(block_.tests, at::kLong);
  const auto of_block = [&](const at::Tensor& values) {
    return values.index_select(0, subsets).index_select(1, tests);
  };
  const absl::StatusOr<Estimate> lds = LinearDatamodelingScore(
      of_block((*point)->subset_scores), of_block(truth_.negative_loss.select(1, 0)),
      /*resamples=*/0, /*seed=*/0);
  if (!lds.ok()) return lds.status();
  return lds->value;
}

absl::StatusOr<SpectralMoments> TuningProblem::Moments(const std::vector<Damping>& dampings) {
  const CostLedger::Phase phase(ledger_, "tuning");
  const absl::StatusOr<const DampingSweep::MomentsPoint*> point = sweep_.Moments(dampings, ledger_);
  if (!point.ok()) return point.status();
  ledger_.Charge((*point)->cost);
  const SpectralMoments& all = (*point)->moments;
  const at::Tensor tests = at::tensor(block_.tests, at::kLong);
  return SpectralMoments{all.t1.index_select(1, tests), all.t2.index_select(1, tests),
                         all.t3.index_select(1, tests)};
}

absl::StatusOr<std::vector<RegisteredTuner>> RegisteredTuners() {
  std::vector<RegisteredTuner> result;
  for (const auto& [name, tuner] : Tuners()) {
    if (!result.empty() && result.back().name == name) {
      return absl::InvalidArgumentError(absl::StrCat("two tuners of the program are called ", name,
                                                     ": register one under another name"));
    }
    result.push_back({name, tuner.get()});
  }
  return result;
}

bool RegisterTuner(std::string name, std::unique_ptr<Tuner> tuner) {
  Tuners().emplace(std::move(name), std::move(tuner));
  return true;
}

}  // namespace attribench
