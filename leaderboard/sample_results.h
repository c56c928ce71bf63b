// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_
#define ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_

#include <string>
#include <vector>

#include "benchmarks/result.pb.h"

namespace attribench {

// Made-up results, for tests.

// The tuner of kind SELECTOR in SampleResults.
inline constexpr char kSampleSelector[] = "spectrum_rule";

// An OK entry with these values of LDS, one per reporting test example. The estimate is their mean,
// its interval reaches .05 to both sides. The 50 reporting subsets have no effect.
Entry SampleEntry(const std::string& tuner, const std::vector<double>& lds_per_test,
                  TunerKindRecord kind = FIXED_VALUE);

// Gives an entry other values of LDS.
void SetLds(const std::vector<double>& lds_per_test, Entry& entry);

// Adds the entry, and makes its number of values the setting's number of reporting test examples.
Entry& AddEntry(Entry entry, MethodResult& result);

// The first metric of an entry that SampleEntry made.
MetricValue& Lds(Entry& entry);

// A result of `setting`, damped, with no entries. LDS is the only metric; its ceiling is .8.
MethodResult SampleResult(const std::string& setting, const std::string& method);

// Two settings, `drawn` (synthetic) and `real`. In each, `sharp` is damped and has the default,
// three grid searches and the selector; `blunt` has the default. In `drawn`, `blunt` also runs out
// of memory under another tuner, with a message of two lines.
std::vector<MethodResult> SampleResults();

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_SAMPLE_RESULTS_H_
