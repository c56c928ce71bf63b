// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_REFIT_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_REFIT_H_

#include <functional>
#include <memory>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"
#include "methods/hyperparameters.pb.h"

namespace attribench {

// What the general form of the held-out criterion needs of a method.
struct HeldOutRefit {
  const AttributionTask& task;  // its test examples get the criterion
  MethodFacts facts;
  Parameters checkpoint;  // the one that `fit` fits to
  std::function<absl::StatusOr<std::unique_ptr<FittedAttribution>>(const AttributionTask&)> fit;
};

// What any method with a damped inverse predicts on held-out examples, for the held-out criterion
// (methods/curvature/held_out_criterion.h). The method is fitted once more, with its curvature
// estimated on split.fitted, and scores the held-out examples and the test examples themselves.
// Thus it needs nothing but scores, and takes as long as they do.
//
// The method's facts say how (MethodFacts::held_out). With the training labels, the held-out side
// is the empirical Fisher. With the model's labels it is the true Fisher: each held-out example is
// scored with every label, weighted by the model's probability of it. Unit norm weights example i
// by 1 / |g_i|^2 on both sides; with the model's labels, |g_i|^2 is its expectation over them. A
// damping without scores has NaN.
absl::StatusOr<HeldOutPredictions> PredictHeldOutByRefit(const HeldOutRefit& refit,
                                                         const HeldOutSplit& split,
                                                         const std::vector<Damping>& dampings,
                                                         CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_REFIT_H_
