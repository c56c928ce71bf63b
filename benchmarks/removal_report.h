// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_
#define ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/removal.pb.h"
#include "evaluators/statistics/estimate.h"

namespace attribench {

// How much more the margin falls with a tuner's dampings than with those of mean_eigenvalue, the
// constant of the literature: the mean over the methods for which the two differ, with an interval
// over the test examples, which are the same for all.
struct TunerGain {
  std::string tuner;
  int num_methods = 0;
  Estimate gain;
};

// Of every tuner that differs anywhere, by name. All studies must be of one setting.
std::vector<TunerGain> GainsOverConstant(const std::vector<MethodRemoval>& studies);

// The methods whose models get worst first, each by its largest fall.
void SortByFall(std::vector<MethodRemoval>& studies);

// The number of test examples that most seeds get wrong at one of the shares removed.
int64_t NumFlipped(const RemovalPoint& point);

// "1.85 [1.44, 2.27]"
std::string FallText(const Interval& fall);

// A table of text: one line for each method and damping, then the gains.
std::string RemovalTable(const std::vector<MethodRemoval>& studies);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_REMOVAL_REPORT_H_
