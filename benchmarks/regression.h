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
  kLoss,     // worse, by more than chance or another machine explains
  kChanged,  // different, but neither clearly better nor clearly worse
  kGain,     // better, by more than chance or another machine explains
  kAdded,    // not in the baseline
};

// A difference from the baseline.
struct Movement {
  Verdict verdict = Verdict::kChanged;
  std::string row;  // "trak_1, grid_search_50"; with several settings, "glyphs_loo: trak_1, ..."
  std::string quantity;  // "lds", "tuning retrainings", "time, every_sum"
  std::string before, now;
  std::string change;  // for readers, with its interval or p-value
};

// A smaller difference is neither a loss nor a gain.
inline constexpr double kMetricMargin = .005;  // in the metric's own units
inline constexpr double kFlopsMargin = .01;    // as a share of the baseline
inline constexpr double kTimeMargin = 1.5;     // as a ratio
inline constexpr double kTimeLevel = .005;     // of p-values

// Compares results with those of the baseline, entry by entry:
// clang-format off
//   metrics   each metric in the setting's list, on the same subsets and units: a loss if
//             the mean difference is worse by more than kMetricMargin and its 95% interval lies
//             wholly on the worse side of zero; also if the entry no longer has the metric
//   status    a loss if an entry was OK and now is not, or if it is gone (with its method or tuner)
//   counts    retrainings, gradient evaluations, Hessian-vector products, of tuning and of the whole
//             entry: any increase is a loss
//   flops     by formula: an increase by more than kFlopsMargin is a loss
//   facts     of the setting, and the files it was measured on (digests of the data, the zoo's
//             recipe and the ground truth): any difference is a loss and is named, and no method of
//             that setting is compared further
//   build     its mode, LibTorch: kChanged. Another version of the program is no difference
// clang-format on
// The opposite of a loss is a gain. A different hyperparameter is kChanged.
std::vector<Movement> CompareResults(const std::vector<MethodResult>& baseline,
                                     const std::vector<MethodResult>& now);

// The result without all that differs between machines and between runs: times, memory, the
// machine, the date, the version of the program.
MethodResult WithoutMachine(MethodResult result);

// The times of a speed suite (benchmarks/speed_main.cc), each divided by the reference kernel's
// time in the same process.
struct Speeds {
  std::string cpu_model;
  std::string setting;
  // By benchmark, as "trak_1/every_sum": one time per repetition. Empty if the benchmark failed.
  std::map<std::string, std::vector<double>> times;
};

// Parses the output of Google Benchmark with --benchmark_format=json. InvalidArgument names `name`
// if the text is something else, or lacks the context or the counter that the suite adds.
absl::StatusOr<Speeds> ParseSpeeds(const std::string& json, const std::string& name);

// Combines the outputs of several processes into one, in the same format. For each benchmark it
// keeps the repetitions of the process with the lowest median, because something other than the
// code slowed down the other processes. Leaves out the host and the date.
absl::StatusOr<std::string> FastestOfSuites(const std::vector<std::string>& suites);

// Compares the times of several processes with the baseline's. A benchmark is a loss if in each
// process its median is more than kTimeMargin times the baseline's, with a p-value (Mann and
// Whitney) below kTimeLevel; or if it is gone or fails. All must be of one CPU model and one
// setting.
std::vector<Movement> CompareSpeeds(const Speeds& baseline, const std::vector<Speeds>& now);

// A text table of the movements. Losses come first.
std::string RenderMovements(std::vector<Movement> movements);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_REGRESSION_H_
