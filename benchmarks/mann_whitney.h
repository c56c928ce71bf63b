// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_
#define ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_

#include "absl/types/span.h"

namespace attribench {

// The exact one-sided p-value of the U test (Mann and Whitney, Annals of Mathematical Statistics
// 18, 1947). A pair of one value from each side is won if the value of `larger` is greater. The
// result is the probability that `larger` wins at least as many pairs as it does, if both sides
// were drawn from one distribution. A tie counts half a win; the sum of wins is rounded down, which
// makes p larger. 1 if either side is empty. (Google Benchmark's own comparisons use the two-sided
// form.)
double MannWhitneyPValue(absl::Span<const double> larger, absl::Span<const double> smaller);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_
