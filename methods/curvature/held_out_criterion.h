// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_CURVATURE_HELD_OUT_CRITERION_H_
#define ATTRIBENCH_METHODS_CURVATURE_HELD_OUT_CRITERION_H_

#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"

namespace attribench {

// The features (gradients, or projections of them) of one group of parameters, for n training
// examples and t test examples: either the features themselves, or their inner products.
struct FeatureGroup {
  at::Tensor train;  // [n, k]
  at::Tensor test;   // [t, k]
  // If `train` is undefined:
  at::Tensor kernel;  // of training examples [n, n], divided by kernel_divisor
  double kernel_divisor = 1;
  at::Tensor cross;         // of training with test examples [n, t]
  at::Tensor test_squares;  // of test examples with themselves [t]
  double dimension = 0;     // k

  static FeatureGroup Of(const at::Tensor& train, const at::Tensor& test);
};

// The held-out criterion chooses a damping by cross-validation of the inverse, and needs no
// retraining. The gradients of one checkpoint are scaled to unit norm, over all groups together:
// g~ = g/|g|, q~ = q/|q|, and 0 stays 0. With the examples A (split.fitted), the others B
// (split.held_out), F = mean over A of g~ g~' and x = (F + lambda I)^-1 q~,
//   J(lambda) = q~'x - 1/2 mean over B of (g~'x)^2.
// The mean over B estimates x'Fx for the population's F, and
//   q'x - x'Fx/2 = q'F^-1 q/2 - |x - F^-1 q|_F^2 / 2,
// so J is highest where x is nearest to the population's F^-1 q in the norm of F. A damping so
// small that x fits the noise of A loses.
//
// Groups that are inverted one by one have an F and an x each, and J is the sum of theirs. (The
// square of the sum would be another criterion. Layers say much the same of an example, so the sum
// over 26 of them is far too large a prediction; ranks do not mind, but a square does, and asks for
// a damping that shrinks it.)
//
// x comes from the kernel of A, of m rows, by one eigendecomposition for all dampings: with c the
// inner products with q~,
//   q~'x = (|q~|^2 - c_A'(K_AA + m lambda I)^-1 c_A) / lambda,
//   g~_B'x = (c_B - K_BA (K_AA + m lambda I)^-1 c_A) / lambda.
// A damping must be above 0 and relative: it is relative to each group's own mean eigenvalue (or
// trace) of F. Several groups share out about 6,000 rows: each takes the first of B.
// InvalidArgument if it is not, FailedPrecondition if all gradients of A are 0 in some group.
absl::StatusOr<HeldOutPredictions> PredictHeldOut(const std::vector<FeatureGroup>& groups,
                                                  const HeldOutSplit& split,
                                                  const std::vector<Damping>& dampings,
                                                  CostLedger& ledger);

// J at each damping and for each test example, [dampings, test], of an ensemble of `num_models`
// models. `members` are some of them, with the same split: at least one, and two if num_models is
// above 1. The ensemble predicts the mean over its models, so
//   J = mean over models of q~'x - 1/2 mean over B of (mean over models of g~'x)^2.
// The last square has the expectation S / M + (1 - 1/M) C, with S that of one model's square and C
// that of the product of two models: both are estimated on the members. An ensemble averages errors
// of its models away, and so wants less damping than each.
at::Tensor HeldOutCriterion(const std::vector<HeldOutPredictions>& members, int64_t num_models);

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_CURVATURE_HELD_OUT_CRITERION_H_
