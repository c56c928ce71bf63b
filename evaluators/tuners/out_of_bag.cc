// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/out_of_bag.h"

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "evaluators/metrics/linear_datamodeling_score.h"

namespace attribench {
namespace {

// Columns that vary over the rows and are finite, [columns] bool.
at::Tensor Varies(const at::Tensor& values) {
  return std::get<0>(values.max(0))
      .ne(std::get<0>(values.min(0)))
      .logical_and(at::isfinite(values).all(0));
}

}  // namespace

at::Tensor WithoutOwnScores(const TrainingTargetSums& sums, const at::Tensor& subsets) {
  return sums.sums.sub(subsets.to(at::kDouble).unsqueeze(0).mul(sums.own.unsqueeze(1)));
}

absl::StatusOr<double> OutOfBagLds(const at::Tensor& predicted, const at::Tensor& outputs) {
  const int64_t models = predicted.size(0);
  if (models < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("an ensemble of ", models, " models, must be 2 or more to leave one out"));
  }
  at::Tensor by_others = predicted.sum(0);
  for (int64_t m = 0; m < models; ++m) by_others[m].sub_(predicted[m][m]);
  const at::Tensor kept = Varies(by_others).logical_and(Varies(outputs)).nonzero().squeeze(1);
  if (kept.size(0) == 0) {
    return absl::DataLossError("no training example's predictions vary over the models");
  }
  return MeanLds(by_others.index_select(1, kept), outputs.index_select(1, kept));
}

absl::StatusOr<double> ChangeCorrelation(const at::Tensor& predicted, const at::Tensor& change,
                                         const at::Tensor& unseen) {
  const at::Tensor rows = unseen.nonzero().squeeze(1);
  return MeanLds(predicted.index_select(0, rows).unsqueeze(1),
                 change.index_select(0, rows).unsqueeze(1));
}

}  // namespace attribench
