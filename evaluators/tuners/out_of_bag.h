// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_H_

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"

namespace attribench {

// The sums without each target's score for itself, [checkpoints, subsets, train].
at::Tensor WithoutOwnScores(const TrainingTargetSums& sums, const at::Tensor& subsets);

// An ensemble of M models on random halves of the training examples is a set of retrained models.
// Each training example is a target: the sum of scores over the half of model m, without the target
// itself, predicts the target's output under model m. The result is the mean over targets of the
// Spearman correlation over the models, an LDS that costs no training. The half of model m is
// scored by the other models only, since m's own gradients know what it saw:
//   predicted_m = 1/(M - 1) sum over k != m of predicted_km.
// predicted [M scoring models, M halves, targets], outputs [M models, targets]. Targets with a
// column that does not vary are left out; DataLoss if none is left. InvalidArgument if M < 2.
absl::StatusOr<double> OutOfBagLds(const at::Tensor& predicted, const at::Tensor& outputs);

// One model trained on a part of the training examples, beside the checkpoint that the method
// reads: the Spearman correlation, over the training examples that the model did not see, between
// the predicted and the real change of their outputs. predicted [train] is the sum of scores over
// the model's examples less the sum over the checkpoint's. unseen [train] bool. DataLoss if either
// change is the same for all.
absl::StatusOr<double> ChangeCorrelation(const at::Tensor& predicted, const at::Tensor& change,
                                         const at::Tensor& unseen);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_OUT_OF_BAG_H_
