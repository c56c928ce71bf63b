// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/wording.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

constexpr char kNothing[] = "-";

std::string Lds(double value) {
  const std::string text = absl::StrFormat("%.3f", value);
  return text == "-0.000" ? "0.000" : text;
}

std::string LdsWithInterval(const Interval& lds) {
  return absl::StrCat(Lds(lds.value()), " [", Lds(lds.low()), ", ", Lds(lds.high()), "]");
}

std::string Percent(double share) {
  const std::string text = absl::StrFormat("%.1f%%", 100 * share);
  return text == "-0.0%" ? "0.0%" : text;
}

// Two digits where the share is small.
std::string CostPercent(double share) {
  return share > 0 && share < .01 ? absl::StrFormat("%.2g%%", 100 * share) : Percent(share);
}

std::string Seconds(double seconds) {
  return absl::StrFormat("%.*f", seconds < 10 ? 2 : seconds < 1000 ? 1 : 0, seconds);
}

std::string Bytes(int64_t bytes) {
  const double mebibytes = bytes / 1048576.0;
  return mebibytes < 1000 ? absl::StrFormat("%.0f MiB", mebibytes)
                          : absl::StrFormat("%.2f GiB", mebibytes / 1024);
}

std::string Grouped(int64_t n) {
  std::string digits = absl::StrCat(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > (n < 0 ? 1 : 0); i -= 3) {
    digits.insert(i, ",");
  }
  return digits;
}

std::string Counted(double n, absl::string_view noun) {
  return absl::StrFormat("%g %s%s", n, noun, n == 1 ? "" : "s");
}

// "97.2% [95.1, 99.0]" of a headline that has its share.
std::string ShareWithInterval(const Headline& headline) {
  std::string text = Percent(*headline.selector_lds_share);
  if (headline.selector_lds_share_low.has_value() && headline.selector_lds_share_high.has_value()) {
    absl::StrAppendFormat(&text, " [%.1f, %.1f]", 100 * *headline.selector_lds_share_low,
                          100 * *headline.selector_lds_share_high);
  }
  return text;
}

}  // namespace

const std::vector<Column>& Columns() {
  static const auto* const columns = new std::vector<Column>{
      {"rank", "", "rank", false,
       "the places that the entry may hold by a paired bootstrap over the reporting test examples "
       "(95%, subsets as drawn): ranges overlap where the data do not settle the order."},
      {"method", "", "method", true, "the attribution method."},
      {"tuner", "", "tuner", true, "what chose its hyperparameters, from the tuning block only."},
      {"LDS [95% interval]", "LDS", "[95% interval]", false,
       "linear datamodeling score on the reporting block: the rank correlation between predicted "
       "and retrained outputs over subsets, averaged over test examples."},
      {"% of ceiling", "% of", "ceiling", false,
       "LDS over the noise ceiling, the LDS that a perfect prediction would get in spite of the "
       "randomness of training."},
      {"oracle LDS", "oracle", "LDS", false,
       "the method's best LDS over its damping grid, picked on the reporting block itself: a "
       "bound, never an entry."},
      {"damping", "", "damping", false, "the chosen damping, absolute."},
      {"tuning retrainings", "tuning", "retrain", false,
       "retrained models that the tuner looked at."},
      {"tuning CPU s", "tuning", "CPU s", false,
       "CPU seconds of everything beyond one attribution at given hyperparameters, those "
       "retrainings included."},
      {"total CPU s", "total", "CPU s", false, "CPU seconds of the whole entry, tuning included."},
      {"peak memory", "peak", "memory", false,
       "of the process, while fitting, scoring and tuning."},
  };
  return *columns;
}

std::vector<std::string> Cells(const Row& row) {
  const Entry& entry = row.entry;
  const Rank& rank = row.rank;
  return {
      rank.low == rank.high ? absl::StrCat(rank.low) : absl::StrCat(rank.low, "-", rank.high),
      OneLine(row.method),
      OneLine(entry.tuner()),
      entry.has_lds() ? LdsWithInterval(entry.lds()) : StatusName(entry.status()),
      row.ceiling_share.has_value() ? Percent(*row.ceiling_share) : kNothing,
      row.oracle_lds.has_value() ? Lds(*row.oracle_lds) : kNothing,
      entry.has_absolute_damping() ? absl::StrFormat("%.3g", entry.absolute_damping()) : kNothing,
      entry.has_tuning_cost() ? absl::StrFormat("%g", entry.tuning_cost().retrainings()) : kNothing,
      entry.has_tuning_cost() ? Seconds(entry.tuning_cost().cpu_seconds()) : kNothing,
      entry.has_total_cost() ? Seconds(entry.total_cost().cpu_seconds()) : kNothing,
      entry.peak_memory_bytes() > 0 ? Bytes(entry.peak_memory_bytes()) : kNothing,
  };
}

std::string Failure(const Row& row) {
  if (row.entry.status() == OK) return "";
  return absl::StrCat(StatusName(row.entry.status()), ": ",
                      row.entry.message().empty() ? "no message" : OneLine(row.entry.message()));
}

std::vector<std::pair<std::string, std::string>> Facts(const Board& board,
                                                       const SettingFacts& setting) {
  std::set<std::string> machines;
  for (const Row& row : board.rows) {
    if (row.setting != setting.name() || row.machine.cpu_model().empty()) continue;
    machines.insert(OneLine(absl::StrCat(
        row.machine.cpu_model(), ", ", Counted(row.machine.num_threads(), "thread"),
        row.machine.torch_version().empty() ? "" : ", LibTorch ", row.machine.torch_version())));
  }
  std::vector<std::pair<std::string, std::string>> facts = {
      {"dataset",
       absl::StrCat(OneLine(setting.dataset()),
                    setting.synthetic() ? " (SYNTHETIC: made by code, not collected)" : "")},
      {"model", absl::StrCat(OneLine(setting.model()), ", ", Grouped(setting.num_parameters()),
                             " parameters")},
      {"examples", absl::StrCat(Grouped(setting.num_train()), " train, ",
                                Grouped(setting.num_test()), " test")},
      {"retrained", absl::StrCat(Grouped(setting.num_subsets()), " subsets x ",
                                 Counted(setting.num_seeds(), "seed"))},
      {"noise ceiling", setting.has_noise_ceiling()
                            ? absl::StrCat("LDS ", LdsWithInterval(setting.noise_ceiling()))
                            : "not known"},
      {"tuning block",
       absl::StrCat(Grouped(setting.num_tuning_subsets()), " subsets, ",
                    Grouped(setting.num_tuning_tests()), " test examples: all that a tuner sees")},
      {"reporting block", absl::StrCat(Grouped(setting.num_reporting_subsets()), " other subsets, ",
                                       Grouped(setting.num_reporting_tests()),
                                       " other test examples: every LDS shown")},
  };
  if (!machines.empty()) facts.emplace_back("measured on", absl::StrJoin(machines, "; "));
  return facts;
}

std::string Sentence(const Headline& headline) {
  const std::string method = OneLine(headline.method);
  const std::string grid = OneLine(headline.grid_search);
  if (grid.empty()) {
    return absl::StrCat(method, ": there is no grid search to compare the selector with.");
  }
  std::string sentence = absl::StrCat(method, ": the selector ");
  if (headline.selector_lds_share.has_value()) {
    absl::StrAppend(&sentence, "reaches ", ShareWithInterval(headline), " of grid search's LDS (",
                    grid, ")");
  } else {
    absl::StrAppend(&sentence, "cannot be compared by share of grid search's LDS (", grid,
                    "), which is not positive; it tunes");
  }
  if (headline.selector_cost_share.has_value()) {
    absl::StrAppend(&sentence, " at ", CostPercent(*headline.selector_cost_share),
                    " of its tuning CPU time");
  }
  if (headline.selector_retrainings.has_value()) {
    absl::StrAppend(&sentence, " with ", Counted(*headline.selector_retrainings, "retraining"));
  }
  if (headline.grid_retrainings_to_match.has_value()) {
    absl::StrAppend(&sentence, "; grid search needs ",
                    Counted(*headline.grid_retrainings_to_match, "retraining"), " to match it.");
  } else {
    absl::StrAppend(&sentence, "; no grid search here matches it.");
  }
  return sentence;
}

std::string SelectorSummary(const Board& board, const std::string& setting) {
  std::vector<const Headline*> compared;
  for (const Headline& headline : board.headlines) {
    if (headline.setting == setting && headline.selector_lds_share.has_value() &&
        headline.selector_cost_share.has_value()) {
      compared.push_back(&headline);
    }
  }
  if (compared.size() < 2) return "";
  const auto lds = [](const Headline* h) { return *h->selector_lds_share; };
  const auto cost = [](const Headline* h) { return *h->selector_cost_share; };
  const auto median = [&](const auto& share) {
    std::vector<double> values;
    for (const Headline* headline : compared) values.push_back(share(headline));
    std::sort(values.begin(), values.end());
    const size_t n = values.size();
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
  };
  const Headline& least = **std::min_element(compared.begin(), compared.end(),
                                             [&](auto* a, auto* b) { return lds(a) < lds(b); });
  const Headline& dearest = **std::max_element(compared.begin(), compared.end(),
                                               [&](auto* a, auto* b) { return cost(a) < cost(b); });
  return absl::StrCat("Of ", compared.size(), " damped methods the selector reaches ",
                      Percent(median(lds)), " of grid search's LDS in the median and ",
                      ShareWithInterval(least), " at worst (", OneLine(least.method), "), at ",
                      CostPercent(median(cost)), " and ", CostPercent(cost(&dearest)), " (",
                      OneLine(dearest.method), ") of its tuning CPU time.");
}

std::string StatusName(EntryStatus status) {
  static constexpr absl::string_view kNames[] = {"ok",      "nan",     "singular", "out_of_memory",
                                                 "timeout", "refused", "error"};
  const bool known = status >= 0 && status < static_cast<int>(std::size(kNames));
  return std::string(known ? kNames[status] : "error");
}

std::string OneLine(absl::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return line;
}

}  // namespace attribench
