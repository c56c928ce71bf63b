// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/table_columns.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "leaderboard/display_names.h"
#include "leaderboard/number_text.h"

namespace attribench {
namespace {

// What is left out first when a line is full (Column::expendable).
enum Expendable {
  kAlways,
  kSearchName,
  kFlopsShare,
  kDamping,
  kOtherMetric,
  kCeiling,
  kTotalCost,
  kOracle,
  kMemory
};

std::string Units(const MetricFacts& metric) {
  return absl::StrCat(metric.unit().empty() ? "unit" : OneLine(metric.unit()), "s");
}

std::string MetricMeaning(const MetricFacts& metric) {
  static const auto* const known = new std::map<std::string, std::string>{
      {"lds",
       "linear datamodeling score. For each test example, the rank correlation over subsets "
       "between the sum of the subset's scores and the output of the models retrained on it; then "
       "the mean over test examples. The output is the negative loss, averaged over seeds."},
      {"lds_margin",
       "LDS with another output of the retrained models: the margin, the logit of the right class "
       "less the log-sum-exp of the others."},
      {"loo",
       "each retrained model leaves out one training example. For each test example, Pearson's "
       "correlation over these examples between their scores and how much the negative loss, "
       "averaged over seeds, falls without them; then the mean over test examples. (LDS is here "
       "Spearman's correlation of the same two.)"},
      {"mislabelled_auc",
       "the probability that a training example with a wrong label has a larger score for itself "
       "than one with the right label (the area under the ROC curve; 0.5: the scores know nothing "
       "of it). At most 500 examples of either kind."}};
  const auto found = known->find(metric.name());
  return absl::StrCat(
      found != known->end() ? found->second : absl::StrCat("the mean over ", Units(metric), "."),
      metric.unit() == "test example" ? " Measured on the reporting block. " : " ",
      metric.direction() == LOWER_IS_BETTER ? "Lower is better." : "Higher is better.");
}

Column MetricColumn(const MetricFacts& metric, int expendable) {
  const std::string title = MetricTitle(metric.name());
  return {absl::StrCat(title, " [95% interval]"),
          {title, "[95% interval]"},
          false,
          MetricMeaning(metric),
          expendable};
}

std::string RankMeaning(const MetricFacts& metric) {
  return absl::StrCat(
      "the places that the entry may hold: with 95% confidence, its true place is one of them. "
      "They "
      "come from one bootstrap for all entries, over the reporting subsets and the reporting ",
      Units(metric), ". \"-\": the setting is not ranked.");
}

// An empty message of facts for a setting without metrics.
const MetricFacts& FirstMetric(const SettingFacts& setting) {
  return setting.metrics().empty() ? MetricFacts::default_instance() : setting.metrics(0);
}

std::string FixedValueCell(const MethodBlock& block, const std::string& tuner) {
  for (const Row* row : block.rows) {
    if (std::find(row->tuners.begin(), row->tuners.end(), tuner) == row->tuners.end()) continue;
    if (row->entry.status() != OK) return StatusName(row->entry.status());
    return ScoreText(row->metrics[0].estimate->value());
  }
  return kNoNumber;
}

std::string RankCell(const Rank& rank) {
  if (rank.low == 0) return kNoNumber;
  return rank.low == rank.high ? absl::StrCat(rank.low) : absl::StrCat(rank.low, "-", rank.high);
}

std::string TunerNames(const Row& row) {
  std::vector<std::string> names;
  for (const std::string& tuner : row.tuners) names.push_back(OneLine(tuner));
  return absl::StrJoin(names, ", ");
}

// A cell whose value stands at the edge of its grid.
std::string WithEdge(const std::string& text, bool at_edge) {
  return at_edge ? absl::StrCat(text, " (edge)") : text;
}

std::string RetrainingsToMatch(const Headline& headline) {
  if (headline.retrainings_to_match.has_value()) {
    return absl::StrCat(*headline.retrainings_to_match);
  }
  return headline.search_retrainings.has_value()
             ? absl::StrFormat("> %g", *headline.search_retrainings)
             : kNoNumber;
}

}  // namespace

std::vector<Column> EntryColumns(const SettingFacts& setting) {
  const MetricFacts& first = FirstMetric(setting);
  const std::string title = MetricTitle(first.name());
  std::vector<Column> columns = {
      {"rank", {"rank"}, false, RankMeaning(first)},
      {"method", {"method"}, true, "the attribution method."},
      {"tuner",
       {"tuner"},
       true,
       "what chose the hyperparameters. It saw the tuning block and nothing else. Tuners with a "
       "fixed "
       "rule that choose the same damping share a row."},
      MetricColumn(first, kAlways),
      {"% of ceiling",
       {"% of", "ceiling"},
       false,
       absl::StrCat(title, " divided by the noise ceiling. The ceiling is the ", title,
                    " of a perfect prediction; the noise of training keeps it below 1."),
       kCeiling},
      {absl::StrCat("oracle ", title),
       {"oracle", title},
       false,
       absl::StrCat("the method's best ", title,
                    " over its damping grid, chosen on the reporting block itself. It is an upper "
                    "bound and never an entry. \"(edge)\": at the least or the greatest damping of "
                    "the grid, so that a better one may lie beyond."),
       kOracle}};
  for (int i = 1; i < setting.metrics_size(); ++i) {
    columns.push_back(MetricColumn(setting.metrics(i), kOtherMetric));
  }
  columns.insert(
      columns.end(),
      {{"damping",
        {"damping"},
        false,
        "the chosen damping, as an absolute number. \"(edge)\": a search chose the least or the "
        "greatest damping of its grid.",
        kDamping},
       {"tuning retrainings",
        {"tuning", "retrain"},
        false,
        "the number of retrained models that the tuner looked at."},
       {"tuning CPU s",
        {"tuning", "CPU s"},
        false,
        "CPU seconds of tuning: of everything beyond one attribution at the chosen "
        "hyperparameters, "
        "by the cheapest path that the method has for one damping. The retrainings are included."},
       {"total CPU s",
        {"total", "CPU s"},
        false,
        "CPU seconds of the whole entry, with tuning.",
        kTotalCost},
       {"peak memory",
        {"peak", "memory"},
        false,
        "the largest memory of the process while it fitted, scored and tuned.",
        kMemory}});
  return columns;
}

std::vector<std::string> EntryCells(const Row& row) {
  const auto seconds_cell = [](std::optional<double> seconds) {
    return seconds.has_value() ? SecondsText(*seconds) : std::string(kNoNumber);
  };
  const Entry& entry = row.entry;
  std::vector<std::string> cells = {RankCell(row.rank), OneLine(row.method), TunerNames(row)};
  for (size_t i = 0; i < row.metrics.size(); ++i) {
    const RowMetric& metric = row.metrics[i];
    const std::string missing = i == 0 ? StatusName(entry.status()) : kNoNumber;
    cells.push_back(metric.estimate.has_value() ? ScoreText(*metric.estimate) : missing);
    if (i > 0) continue;
    cells.push_back(metric.ceiling_share.has_value() ? PercentText(*metric.ceiling_share)
                                                     : kNoNumber);
    cells.push_back(WithEdge(ScoreText(metric.oracle), metric.oracle_at_edge));
  }
  const CostRecord &tuning = entry.tuning_cost(), &total = entry.total_cost();
  cells.insert(
      cells.end(),
      {entry.has_absolute_damping()
           ? WithEdge(absl::StrFormat("%.3g", entry.absolute_damping()), row.damping_at_edge)
           : kNoNumber,
       entry.has_tuning_cost() ? absl::StrFormat("%g", tuning.retrainings()) : kNoNumber,
       entry.has_tuning_cost() ? seconds_cell(CpuSecondsOf(row, tuning)) : kNoNumber,
       entry.has_total_cost() ? seconds_cell(CpuSecondsOf(row, total)) : kNoNumber,
       entry.peak_memory_bytes() > 0 ? BytesText(entry.peak_memory_bytes()) : kNoNumber});
  return cells;
}

std::vector<Column> MethodColumns(const SettingFacts& setting,
                                  const std::vector<std::string>& fixed_tuners) {
  const std::string metric = MetricTitle(FirstMetric(setting).name());
  std::vector<Column> columns = {{"method", {"method"}, true, "the attribution method."}};
  for (const std::string& tuner : fixed_tuners) {
    const std::string name = OneLine(tuner);
    columns.push_back(
        {absl::StrCat(name, " ", metric),
         {name, metric},
         false,
         absl::StrCat(metric, " with the hyperparameters that ", name, " sets by a fixed rule.")});
  }
  columns.insert(
      columns.end(),
      {{"selector",
        {"selector"},
        true,
        "what chose the damping without looking at retrained models."},
       {absl::StrCat("selector ", metric),
        {"selector", metric},
        false,
        absl::StrCat(metric, " with the damping that the selector chose.")},
       {"grid search",
        {"grid search"},
        true,
        "the search on retrained models that spent the most retrainings.",
        kSearchName},
       {absl::StrCat("grid search ", metric),
        {"search", metric},
        false,
        absl::StrCat(metric, " with the damping that this search chose.")},
       {absl::StrCat("share of ", metric, " [95% interval]"),
        {absl::StrCat("share of ", metric), "[95% interval]"},
        false,
        "how good the selector is as a share of grid search. The interval comes from the bootstrap "
        "of the ranks. There is no share if the value of grid search is not positive."},
       {"share of tuning CPU",
        {"share of", "CPU"},
        false,
        "the selector's tuning CPU seconds divided by those of grid search."},
       {"share of tuning FLOPs",
        {"share of", "FLOPs"},
        false,
        "the selector's floating-point operations of tuning divided by those of grid search. They "
        "are counted by formula, so they are the same on every machine.",
        kFlopsShare},
       {"retrainings to match",
        {"retrain", "to match"},
        false,
        "the fewest retrainings with which a search is not clearly worse than the selector: the "
        "95% "
        "interval of their difference, by the bootstrap of the ranks, does not lie below 0. \"> "
        "50\": a search with 50 is still clearly worse."}});
  return columns;
}

std::vector<std::string> MethodCells(const MethodBlock& block, const Headline* headline,
                                     const std::vector<std::string>& fixed_tuners) {
  std::vector<std::string> cells = {OneLine(block.method)};
  for (const std::string& tuner : fixed_tuners) cells.push_back(FixedValueCell(block, tuner));
  Headline h;
  if (headline != nullptr) {
    h = *headline;
  } else {
    if (block.selector != nullptr) {
      h.selector = block.selector->entry.tuner();
      if (block.selector->entry.status() == OK) {
        h.selector_value = block.selector->metrics[0].estimate->value();
      }
    }
    if (block.search != nullptr) {
      h.search = block.search->entry.tuner();
      h.search_value = block.search->metrics[0].estimate->value();
    }
  }
  cells.insert(cells.end(),
               {h.selector.empty() ? kNoNumber : OneLine(h.selector), ScoreText(h.selector_value),
                h.search.empty() ? kNoNumber : OneLine(h.search), ScoreText(h.search_value),
                PercentText(h.share, h.share_low, h.share_high), CostPercentText(h.cost_share),
                CostPercentText(h.flops_share), RetrainingsToMatch(h)});
  return cells;
}

std::vector<std::vector<std::string>> MethodLines(const MethodBlock& block,
                                                  const std::vector<std::string>& fixed_tuners) {
  std::vector<std::vector<std::string>> lines;
  for (const Headline* headline : block.headlines) {
    lines.push_back(MethodCells(block, headline, fixed_tuners));
  }
  if (lines.empty()) lines.push_back(MethodCells(block, nullptr, fixed_tuners));
  return lines;
}

}  // namespace attribench
