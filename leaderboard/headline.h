// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_HEADLINE_H_
#define ATTRIBENCH_LEADERBOARD_HEADLINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attribench {

// One selector compared with the search on retrained models (grid search), for one damped method in
// one setting. The search is LargestSearch() of the method's rows. Values are in the setting's
// first metric. A share is absent if a number that it needs is missing or its denominator is not
// positive.
struct Headline {
  std::string setting;
  std::string method;
  std::string selector;  // its tuner
  std::string search;    // its tuner; empty if no search succeeded
  std::string metric;
  std::optional<double> selector_value;  // absent if the selector failed
  std::optional<double> search_value;
  // The selector's value divided by the search's. If lower is better, the search's value divided by
  // the selector's. So more than 1 always means that the selector is better.
  std::optional<double> share;
  // Why there is no share: "the selector failed". Empty if there is one.
  std::string no_share;
  // Contest::ShareInterval of the share.
  std::optional<double> share_low, share_high;
  std::optional<double> cost_share;   // tuning CPU seconds, selector / search
  std::optional<double> flops_share;  // tuning floating-point operations, selector / search
  std::optional<double> selector_retrainings, search_retrainings;  // spent on tuning
  // The fewest retrainings of a search that is not clearly worse than the selector, by
  // Contest::ClearlyBetter, among searches that differ from `search` in the number at the end of
  // their name. Absent if there is no such search.
  std::optional<int64_t> retrainings_to_match;
};

// One selector in one setting, over all damped methods that have it.
struct SelectorSummary {
  std::string setting;
  std::string selector;
  int num_methods = 0;
  // Of the methods that could be compared with their search. All that follow are absent if there
  // is no such method, and a cost if no compared method has it.
  int num_compared = 0;
  std::optional<double> median_share;
  std::optional<double> median_share_low, median_share_high;  // Contest::MedianShareInterval
  std::string worst_method;  // that of the least share; the first one if there are several
  std::optional<double> worst_share, worst_share_low, worst_share_high;
  std::optional<double> median_cost_share, median_flops_share;
  // The least retrainings with which a search is not clearly worse, in the median over methods. It
  // is absent if no search is that good for the median method.
  std::optional<double> median_retrainings_to_match;
};

// All but the interval of the median. `headlines` are of one setting and one selector; at least
// one.
SelectorSummary Summarize(const std::vector<const Headline*>& headlines);

// The median: of an even number of values, the mean of the two in the middle. Absent if there is
// none.
std::optional<double> Median(std::vector<double> values);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_HEADLINE_H_
