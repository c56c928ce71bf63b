// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_CONTEST_H_
#define ATTRIBENCH_LEADERBOARD_CONTEST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/result.pb.h"
#include "evaluators/statistics/two_way_bootstrap.h"

namespace attribench {

// The places that an entry may hold within its setting; 1 is the best, and low <= high. 0 and 0 if
// the setting is not ranked.
struct Rank {
  int low = 0;
  int high = 0;
};

// A value of the metric that ranks, with what it owes to each subset and each test example.
struct Contestant {
  std::string method;
  double value = 0;
  TwoWayEffects effects;
};

// The entries of one setting, compared on the same resamples of subsets and test examples
// (TwoWayBootstrap). All that is claimed of two entries comes from here.
class Contest {
 public:
  // All contestants have effects of the same sizes.
  Contest(std::vector<Contestant> contestants, Direction direction);

  // One planned comparison: whether the 95% interval of the difference between `a` and `b` lies on
  // the better side of 0.
  bool ClearlyBetter(size_t a, size_t b) const;

  // The 95% interval of how good `a` is as a share of `b`: a / b, or b / a if lower is better.
  // Absent unless the denominator is positive in every resample.
  std::optional<std::pair<double, double>> ShareInterval(size_t a, size_t b) const;

  // The 95% interval of the median of such shares, all in the same resamples. Absent if there is no
  // pair, or a denominator is not positive in every resample.
  std::optional<std::pair<double, double>> MedianShareInterval(
      const std::vector<std::pair<size_t, size_t>>& pairs) const;

  // The ranks that the data leave open. low = 1 + the number of entries that stand above for
  // certain, high = the number of entries - those that stand below for certain.
  //
  // An entry is compared with all others at once, and many comparisons err more often than one. So
  // the critical value of an entry is the 95% quantile, over resamples, of the greatest of all its
  // deviations in units of their standard deviation (the max-t method; Romano and Wolf, Stepwise
  // multiple testing as formalized data snooping, 2005). `a` stands above `b` for certain if the
  // difference exceeds its standard deviation times the greater of both critical values. With 95%
  // confidence, an entry's range holds its true rank.
  std::vector<Rank> Ranks() const;

  // The pairs (a, b) of which one stands above the other for certain.
  int PairsToldApart() const;

  // The least difference that the subsets, test examples and seeds of this setting tell apart: half
  // of the width of the 95% interval of a difference, in the median over pairs of entries of
  // different methods. Absent if there is no such pair.
  std::optional<double> ResolutionFloor() const;

 private:
  bool StandsAbove(size_t a, size_t b) const;
  // How much better `a` is than `b`.
  double Lead(size_t a, size_t b) const;
  void CompareAllPairs();

  const std::vector<Contestant> contestants_;
  const Direction direction_;
  std::vector<std::vector<double>> deviations_;  // [contestants][resamples]
  std::vector<std::vector<double>> spread_;      // standard deviation of each difference
  std::vector<double> critical_;                 // per contestant
};

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_CONTEST_H_
