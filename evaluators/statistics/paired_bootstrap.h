// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_PAIRED_BOOTSTRAP_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_PAIRED_BOOTSTRAP_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace attribench {

// Resamples of test examples. Everything that is compared on the same test examples is compared on
// the same resamples. They come from std::mt19937_64 with a fixed seed; the C++ standard fixes its
// numbers. They depend on the number of tests only.
class PairedBootstrap {
 public:
  static constexpr int kResamples = 2000;

  explicit PairedBootstrap(int num_tests);

  // The mean of `values`, one per test, in each resample: [kResamples].
  std::vector<double> Means(absl::Span<const double> values) const;

 private:
  int num_tests_;
  std::vector<uint32_t> times_drawn_;  // [kResamples, num_tests]
};

// The ends of the 95% interval of a statistic, given its value in each resample: the smallest and
// the largest after the 50 smallest and the 50 largest of 2000 are left out.
std::pair<double, double> PercentileInterval(std::vector<double> values);

// True if the 95% interval of a - b lies above zero. `a` and `b` are results of Means.
bool ClearlyAbove(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_PAIRED_BOOTSTRAP_H_
