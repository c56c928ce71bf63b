// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_
#define ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_

#include <string>
#include <vector>

#include "benchmarks/result.pb.h"

namespace attribench {

// Made-up results, for tests.

// An OK entry with these LDS values of the reporting test examples; lds.value is their mean, low
// and high lie .05 beside it.
Entry SampleEntry(const std::string& tuner, const std::vector<double>& lds_per_test);

// A result of `setting`, damped, with a noise ceiling of .8 and no entries.
MethodResult SampleResult(const std::string& setting, const std::string& method);

// Two settings, `drawn` (synthetic) and `real`. In each, `sharp` is damped and has the selector,
// grid search and the default; `blunt` has the default and, in `drawn`, runs out of memory under
// another tuner with a message of two lines.
std::vector<MethodResult> SampleResults();

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_
