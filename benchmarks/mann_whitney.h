// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_
#define ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_

#include "absl/types/span.h"

namespace attribench {

// The exact one-sided p-value of the U test (Mann and Whitney, Annals of Mathematical Statistics
// 18, 1947), which Google Benchmark's comparisons use, two-sided: how likely values drawn from one
// distribution would lie in `larger` at least as far above those in `smaller` as they do. A tie
// counts half, rounded towards the larger p. 1 where either is empty.
double MannWhitneyPValue(absl::Span<const double> larger, absl::Span<const double> smaller);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_MANN_WHITNEY_H_
