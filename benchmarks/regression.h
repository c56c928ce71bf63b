// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_REGRESSION_H_
#define ATTRIBENCH_BENCHMARKS_REGRESSION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/result.pb.h"

namespace attribench {

enum class Verdict {
  kLoss,     // worse, beyond what chance or another machine explains
  kChanged,  // different, neither clearly better nor clearly worse
  kGain,
  kAdded,  // not in the baseline
};

// Something that is not as the baseline has it.
struct Movement {
  Verdict verdict = Verdict::kChanged;
  std::string row;       // "trak_1, grid_search_50"
  std::string quantity;  // "LDS", "tuning retrainings", "time, every_sum"
  std::string before, now;
  std::string change;  // in words, with its interval or p-value
};

// What it takes to be a loss or a gain, beyond chance.
inline constexpr double kLdsMargin = .005;
inline constexpr double kFlopsMargin = .01;
inline constexpr double kTimeMargin = 1.5;
inline constexpr double kTimeLevel = .005;

// Compares results with those of the baseline, entry by entry:
//   LDS       a loss where the 95% interval of the mean difference over the same test examples
//             (paired bootstrap) lies below zero and the mean difference below -kLdsMargin;
//   status    a loss where an entry was OK and is not, or is gone with its method or tuner;
//   counts    retrainings, gradient evaluations, Hessian-vector products, of tuning and in all: any
//             increase is a loss;
//   flops     by formula: an increase by more than kFlopsMargin is a loss;
//   facts     of the setting: any difference is a loss, and nothing else of that setting's methods
//             is compared.
// Gains mirror losses. Other hyperparameters are kChanged.
std::vector<Movement> CompareResults(const std::vector<MethodResult>& baseline,
                                     const std::vector<MethodResult>& now);

// Without what differs between machines and between runs: times, memory, the machine.
MethodResult WithoutMachine(MethodResult result);

// Times of a speed suite (benchmarks/speed_main.cc) as multiples of the reference kernel's time in
// the same process, one per repetition.
struct Speeds {
  std::string cpu_model;
  std::string setting;
  // "trak_1/every_sum" to its repetitions; none where the benchmark failed.
  std::map<std::string, std::vector<double>> times;
};

// Reads what Google Benchmark wrote with --benchmark_format=json. InvalidArgument, with `name`,
// where it is no such text or lacks the context or the counter that the suite gives it.
absl::StatusOr<Speeds> ParseSpeeds(const std::string& json, const std::string& name);

// Of what several processes wrote one such text, which Google Benchmark's own tools can read: of
// each benchmark the repetitions of the process with the lowest median, since what slows a process
// down as a whole was not the code; no host, no date.
absl::StatusOr<std::string> FastestOfSuites(const std::vector<std::string>& suites);

// Compares the times of several processes with the baseline's. A loss where in each process the
// median is more than kTimeMargin times the baseline's, with a p-value (Mann and Whitney) below
// kTimeLevel. A benchmark that is gone or fails is a loss. Both must be of one CPU model and
// setting.
std::vector<Movement> CompareSpeeds(const Speeds& baseline, const std::vector<Speeds>& now);

// A table of the movements, losses first; no colour.
std::string RenderMovements(std::vector<Movement> movements);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_REGRESSION_H_
