// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_SPLIT_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_SPLIT_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"

namespace attribench {

// The random draws of fitted examples over which the held-out criterion takes the mean.
inline constexpr int kHeldOutDraws = 2;
// The share of examples to fit to.
inline constexpr double kHeldOutFraction = 0.125;

// The name of the criterion's curve at a fraction. 0 and kHeldOutFraction are one curve.
std::string HeldOutCurveName(double fraction);

// The number of examples to hold out: as many as are fitted to, but at least 500.
inline int64_t NumHeldOut(int64_t n, double fraction) {
  return std::max<int64_t>(500, static_cast<int64_t>(fraction * static_cast<double>(n)));
}

// `fraction` of n examples to fit to, at least 2, and at most `max_held_out` of the others to hold
// out. Drawn by RandomStream(1, "held out", {draw}); draw k is for checkpoint k. InvalidArgument if
// the fraction is not in (0, 1) or leaves nothing to hold out.
absl::StatusOr<HeldOutSplit> DrawHeldOutSplit(int64_t n, double fraction, int64_t max_held_out,
                                              uint64_t draw);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_HELD_OUT_SPLIT_H_
