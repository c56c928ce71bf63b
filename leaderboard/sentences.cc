// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/sentences.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "leaderboard/display_names.h"
#include "leaderboard/number_text.h"

namespace attribench {
namespace {

std::string Machines(const Board& board, const std::string& setting) {
  std::set<std::string> machines;
  for (const Row& row : board.rows) {
    if (row.setting != setting || row.machine.cpu_model().empty()) continue;
    const std::string& torch = row.machine.torch_version();
    machines.insert(OneLine(absl::StrCat(row.machine.cpu_model(), ", ",
                                         CountText(row.machine.num_threads(), "thread"),
                                         torch.empty() ? "" : ", LibTorch ", torch)));
  }
  return absl::StrJoin(machines, "; ");
}

std::string Ceilings(const SettingFacts& setting) {
  std::vector<std::string> known;
  for (const MetricFacts& metric : setting.metrics()) {
    if (metric.has_ceiling()) {
      known.push_back(absl::StrCat(MetricTitle(metric.name()), " ", ScoreText(metric.ceiling())));
    }
  }
  return known.empty() ? "not known" : absl::StrJoin(known, "; ");
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

// `all` are the headlines of one selector in one setting; empty if there is nothing to say.
std::string SelectorSummary(const std::vector<const Headline*>& all) {
  std::vector<const Headline*> compared;
  std::vector<double> shares, costs;
  for (const Headline* headline : all) {
    if (!headline->share.has_value() || !headline->cost_share.has_value()) continue;
    compared.push_back(headline);
    shares.push_back(*headline->share);
    costs.push_back(*headline->cost_share);
  }
  if (compared.size() < 2) return "";
  const size_t worst = std::min_element(shares.begin(), shares.end()) - shares.begin();
  const size_t dearest = std::max_element(costs.begin(), costs.end()) - costs.begin();
  const Headline& least = *compared[worst];
  const std::string metric = MetricTitle(least.metric);
  std::string text = absl::StrCat(
      OneLine(least.selector), ", over ", compared.size(),
      " damped methods: ", PercentText(Median(shares)), " of grid search's ", metric,
      " in the median, ", PercentText(least.share, least.share_low, least.share_high),
      " at worst (", OneLine(least.method), "); ", CostPercentText(Median(costs)),
      " of grid search's tuning CPU time in the median, ", CostPercentText(costs[dearest]),
      " at most (", OneLine(compared[dearest]->method), ").");
  const size_t others = all.size() - compared.size();
  if (others > 0) {
    absl::StrAppend(&text, " ", CountText(others, "other method"), others == 1 ? " has" : " have",
                    " no share: grid search failed, or the ", metric, " is not positive.");
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Facts(const Board& board,
                                                       const SettingFacts& setting) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"dataset",
       absl::StrCat(OneLine(setting.dataset()),
                    setting.synthetic() ? " (SYNTHETIC: made by code, not collected)" : "")},
      {"synthetic", setting.synthetic() ? "yes" : "no"},
      {"model", absl::StrCat(OneLine(setting.model()), ", ", CountText(setting.num_parameters()),
                             " parameters")},
      {"examples", absl::StrCat(CountText(setting.num_train()), " train, ",
                                CountText(setting.num_test()), " test")},
      {"retrained", absl::StrCat(CountText(setting.num_subsets()), " subsets x ",
                                 CountText(setting.num_seeds(), "seed"))},
      {"noise ceiling", Ceilings(setting)},
      {"tuning block", absl::StrCat(CountText(setting.num_tuning_subsets()), " subsets, ",
                                    CountText(setting.num_tuning_tests()),
                                    " test examples: all that a tuner sees")},
      {"reporting block",
       absl::StrCat(CountText(setting.num_reporting_subsets()), " other subsets, ",
                    CountText(setting.num_reporting_tests()),
                    " other test examples: every published value comes from them")},
  };
  const std::string machines = Machines(board, setting.name());
  if (!machines.empty()) facts.emplace_back("measured on", machines);
  return facts;
}

std::string Failure(const Row& row) {
  if (row.entry.status() == OK) return "";
  return absl::StrCat(StatusName(row.entry.status()), ": ",
                      row.entry.message().empty() ? "no message" : OneLine(row.entry.message()));
}

std::vector<FailureGroup> Failures(const MethodBlock& block) {
  std::vector<FailureGroup> groups;
  std::map<std::string, size_t> places;
  std::vector<std::vector<std::string>> tuners;
  for (const Row* row : block.rows) {
    if (row->entry.status() == OK) continue;
    const std::string text = Failure(*row);
    const auto [place, is_new] = places.emplace(text, groups.size());
    if (is_new) {
      groups.push_back({"", text});
      tuners.emplace_back();
    }
    tuners[place->second].push_back(OneLine(row->entry.tuner()));
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    const bool all = tuners[i].size() == block.rows.size() && tuners[i].size() > 1;
    groups[i].tuners =
        all ? absl::StrCat("all ", tuners[i].size(), " tuners") : absl::StrJoin(tuners[i], ", ");
  }
  return groups;
}

std::vector<std::string> SelectorSummaries(const Board& board, const std::string& setting) {
  std::map<std::string, std::vector<const Headline*>> by_selector;
  for (const Headline& headline : board.headlines) {
    if (headline.setting == setting) by_selector[headline.selector].push_back(&headline);
  }
  std::vector<std::string> summaries;
  for (const auto& [selector, headlines] : by_selector) {
    std::string summary = SelectorSummary(headlines);
    if (!summary.empty()) summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace attribench
