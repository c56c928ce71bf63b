// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_
#define ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_

#include <utility>
#include <vector>

namespace attribench {

// What a mean owes to each subset and to each test example: how much it would differ if this one
// alone stood for all. Both lists have a mean of 0. A list is empty if the metric has no such part.
// The effects of a difference of two means are the differences of their effects.
struct TwoWayEffects {
  std::vector<double> subsets;
  std::vector<double> tests;
};

// The bootstrap behind everything that is claimed of values: intervals, ranks, ties, shares. Each
// resample draws as many subsets and as many test examples as there are, with replacement. The mean
// deviates by the mean effect of the drawn subsets plus the mean effect of the drawn tests (the
// linear two-way bootstrap; Owen and Eckles, Bootstrapping data arrays of arbitrary order, 2012).
//
// Few subsets know their own spread badly. So the deviations are stretched by the ratio of the
// quantiles of Student's t and the normal distribution, and by sqrt(n / (n - 1)), for each side by
// its own n.
//
// Equal sizes give the same draws: whatever is compared on the same subsets and test examples is
// compared on the same resamples.
class TwoWayBootstrap {
 public:
  static constexpr int kResamples = 2000;

  TwoWayBootstrap(int num_subsets, int num_tests);

  // One object for each pair of sizes, made once in a process and kept.
  static const TwoWayBootstrap& Of(int num_subsets, int num_tests);

  // The deviation of a mean from its estimate, in each resample: [kResamples]. A list of effects is
  // empty or has one number for each subset (test example).
  std::vector<double> Deviations(const TwoWayEffects& effects) const;

 private:
  // How often each was drawn, less 1, times the stretch, divided by their number: [kResamples, n].
  std::vector<float> subset_weights_, test_weights_;
};

// The 2.5% and the 97.5% quantile of values in resamples: the 50 smallest and the 50 largest of
// 2000 are left out.
std::pair<double, double> PercentileInterval(std::vector<double> values);

// The 97.5% quantile of Student's t distribution: 12.7 for 1 degree of freedom, 2.06 for 24, 1.96
// for very many.
double StudentQuantile(int degrees_of_freedom);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_STATISTICS_TWO_WAY_BOOTSTRAP_H_
