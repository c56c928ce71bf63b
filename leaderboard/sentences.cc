// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/sentences.h"

#include <algorithm>
#include <map>
#include <optional>
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
    machines.insert(OneLine(
        absl::StrCat(row.machine.cpu_model(), ", ", CountText(row.machine.num_threads(), "thread"),
                     torch.empty() ? "" : ", LibTorch ", torch,
                     row.machine.device().empty() ? "" : ", on the GPU ", row.machine.device())));
  }
  return absl::StrJoin(machines, "; ");
}

// Where CPU seconds of trainings come from.
std::string TrainingMachines(const Board& board, const std::string& setting) {
  std::set<std::string> machines;
  bool converted = true;
  for (const Row& row : board.rows) {
    if (row.setting != setting || row.machine.training_cpu_model().empty()) continue;
    machines.insert(OneLine(row.machine.training_cpu_model()));
    converted = converted && row.machine.has_reference_kernel_cpu_seconds() &&
                row.machine.has_training_reference_kernel_cpu_seconds();
  }
  if (machines.empty()) return "";
  return absl::StrCat(absl::StrJoin(machines, "; "),
                      converted ? "; their CPU seconds are converted to the machine above, by the "
                                  "time of a reference kernel on both"
                                : "; their CPU seconds are those of that machine. FLOPs do not "
                                  "depend on the machine");
}

std::string Ceilings(const SettingFacts& setting) {
  std::vector<std::string> known;
  for (const MetricFacts& metric : setting.metrics()) {
    if (metric.has_ceiling()) {
      known.push_back(absl::StrCat(MetricTitle(metric.name()), " ", ScoreText(metric.ceiling())));
    }
  }
  if (known.empty()) {
    return setting.num_seeds() == 1
               ? "not known: each subset was retrained once, and one seed says nothing of its noise"
               : "not known";
  }
  return absl::StrJoin(known, "; ");
}

std::string ResolutionText(const Resolution& resolution) {
  if (!resolution.not_ranked.empty()) return absl::StrCat("not ranked: ", resolution.not_ranked);
  const std::string pairs =
      absl::StrCat(CountText(resolution.pairs_told_apart), " of ", CountText(resolution.pairs),
                   " pairs of entries are told apart");
  if (!resolution.floor.has_value()) return pairs;
  return absl::StrCat("differences of ", ScoreText(*resolution.floor),
                      " are told apart, in the median over pairs of methods; ", pairs);
}

// "2 could not be compared: grid search failed (cg), the selector failed (rps)."
std::string NotCompared(const std::vector<const Headline*>& others) {
  std::map<std::string, std::vector<std::string>> methods;
  for (const Headline* headline : others) {
    methods[headline->no_share].push_back(OneLine(headline->method));
  }
  std::vector<std::string> reasons;
  for (const auto& [reason, names] : methods) {
    reasons.push_back(absl::StrCat(reason, " (", absl::StrJoin(names, ", "), ")"));
  }
  return absl::StrCat(others.size(), " could not be compared: ", absl::StrJoin(reasons, ", "), ".");
}

// "0.30% of grid search's tuning CPU time in the median, 5.0% at most (fisher_10)"; empty without
// any share.
std::string CostSentence(const std::vector<const Headline*>& compared,
                         std::optional<double> Headline::*share, const std::string& of_what) {
  std::vector<double> shares;
  const Headline* dearest = nullptr;
  for (const Headline* headline : compared) {
    if (!(headline->*share).has_value()) continue;
    shares.push_back(*(headline->*share));
    if (dearest == nullptr || *(headline->*share) > *(dearest->*share)) dearest = headline;
  }
  if (shares.empty()) return "";
  return absl::StrCat("; ", CostPercentText(*Median(shares)), " of its ", of_what,
                      " in the median, ", CostPercentText(*(dearest->*share)), " at most (",
                      OneLine(dearest->method), ")");
}

// `all` are the headlines of one selector in one setting: one for each damped method.
std::string SelectorSentence(const std::vector<const Headline*>& all) {
  std::vector<const Headline*> compared, others;
  for (const Headline* headline : all) {
    (headline->share.has_value() ? compared : others).push_back(headline);
  }
  std::string text =
      absl::StrCat(OneLine(all[0]->selector), ", on ", CountText(all.size(), "damped method"));
  if (!others.empty()) absl::StrAppend(&text, ", of which ", NotCompared(others));
  if (compared.empty()) return text;
  const SelectorSummary summary = Summarize(all);
  absl::StrAppend(
      &text, others.empty() ? ": " : absl::StrCat(" The other ", compared.size(), ": "),
      PercentText(*summary.median_share), " of grid search's ", MetricTitle(all[0]->metric),
      " in the median, ",
      PercentText(summary.worst_share, summary.worst_share_low, summary.worst_share_high),
      " at worst (", OneLine(summary.worst_method), ")",
      CostSentence(compared, &Headline::cost_share, "tuning CPU time"),
      CostSentence(compared, &Headline::flops_share, "tuning FLOPs"), ".");
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
      {"resolution", ResolutionText(ResolutionOf(board, setting.name()))},
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
  const std::string training_machines = TrainingMachines(board, setting.name());
  if (!training_machines.empty()) facts.emplace_back("models trained on", training_machines);
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

std::vector<std::string> SelectorSentences(const Board& board, const std::string& setting) {
  std::map<std::string, std::vector<const Headline*>> by_selector;
  for (const Headline& headline : board.headlines) {
    if (headline.setting == setting) by_selector[headline.selector].push_back(&headline);
  }
  std::vector<std::string> summaries;
  for (const auto& [selector, headlines] : by_selector) {
    summaries.push_back(SelectorSentence(headlines));
  }
  return summaries;
}

}  // namespace attribench
