// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/headline.h"

#include <algorithm>
#include <limits>

namespace attribench {

std::optional<double> Median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

SelectorSummary Summarize(const std::vector<const Headline*>& headlines) {
  SelectorSummary summary;
  summary.setting = headlines[0]->setting;
  summary.selector = headlines[0]->selector;
  summary.num_methods = static_cast<int>(headlines.size());
  std::vector<double> shares, cost_shares, flops_shares, retrainings;
  for (const Headline* headline : headlines) {
    if (!headline->share.has_value()) continue;
    shares.push_back(*headline->share);
    if (headline->cost_share.has_value()) cost_shares.push_back(*headline->cost_share);
    if (headline->flops_share.has_value()) flops_shares.push_back(*headline->flops_share);
    retrainings.push_back(headline->retrainings_to_match.has_value()
                              ? static_cast<double>(*headline->retrainings_to_match)
                              : std::numeric_limits<double>::infinity());
    if (!summary.worst_share.has_value() || *headline->share < *summary.worst_share) {
      summary.worst_method = headline->method;
      summary.worst_share = headline->share;
      summary.worst_share_low = headline->share_low;
      summary.worst_share_high = headline->share_high;
    }
  }
  summary.num_compared = static_cast<int>(shares.size());
  summary.median_share = Median(shares);
  summary.median_cost_share = Median(cost_shares);
  summary.median_flops_share = Median(flops_shares);
  const std::optional<double> matched = Median(retrainings);
  if (matched < std::numeric_limits<double>::infinity()) {
    summary.median_retrainings_to_match = matched;
  }
  return summary;
}

}  // namespace attribench
