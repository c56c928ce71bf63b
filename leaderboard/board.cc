// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/board.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "evaluators/statistics/paired_bootstrap.h"
#include "google/protobuf/util/message_differencer.h"

namespace attribench {
namespace {

using ::google::protobuf::util::MessageDifferencer;

// One setting's rows, each with the means of its first metric in the resamples (empty for rows that
// are not OK).
struct Contest {
  std::vector<Row> rows;
  std::vector<std::vector<double>> means;
};

bool IsOk(const Row& row) { return row.entry.status() == OK; }

Direction RankingDirection(const Row& row) { return row.metrics[0].facts.direction(); }

std::string Name(const Row& row) {
  return absl::StrCat("setting ", row.setting, ", method ", row.method, ", tuner ",
                      row.entry.tuner());
}

const MetricValue* FindMetric(const Entry& entry, const std::string& name) {
  for (const MetricValue& metric : entry.metrics()) {
    if (metric.name() == name) return &metric;
  }
  return nullptr;
}

absl::Status CheckFacts(const SettingFacts& facts) {
  if (facts.metrics().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", facts.name(), " states 0 metrics; at least 1 is needed, the first one ranks"));
  }
  std::set<std::string> names;
  for (const MetricFacts& metric : facts.metrics()) {
    if (!names.insert(metric.name()).second) {
      return absl::InvalidArgumentError(absl::StrCat("setting ", facts.name(),
                                                     " states the metric ", metric.name(),
                                                     " twice; once is allowed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMetricNames(const Row& row, const SettingFacts& facts) {
  std::vector<std::string> known;
  for (const MetricFacts& metric : facts.metrics()) known.push_back(metric.name());
  std::set<std::string> seen;
  for (const MetricValue& metric : row.entry.metrics()) {
    if (std::find(known.begin(), known.end(), metric.name()) == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(Name(row), ": the metric '", metric.name(),
                       "' is not one of the setting's: ", absl::StrJoin(known, ", ")));
    }
    if (!seen.insert(metric.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(Name(row), ": the metric ", metric.name(), " comes twice; once is allowed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFirstMetric(const Row& row, const std::string& name) {
  const MetricValue* metric = FindMetric(row.entry, name);
  if (metric == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(Name(row), ": status OK, but ", name, " is missing; it ranks the setting"));
  }
  if (metric->per_unit().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(Name(row), ": status OK, but per_unit of ", name,
                                                   " has 0 values; at least 1 is needed"));
  }
  for (int i = 0; i < metric->per_unit_size(); ++i) {
    if (!std::isfinite(metric->per_unit(i))) {
      return absl::InvalidArgumentError(absl::StrCat(Name(row), ": status OK, but per_unit[", i,
                                                     "] of ", name, " is ", metric->per_unit(i),
                                                     "; it must be finite"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMetrics(const Row& row, const SettingFacts& facts) {
  absl::Status status = CheckMetricNames(row, facts);
  for (const MetricValue& metric : row.entry.metrics()) {
    if (!status.ok()) break;
    if (metric.has_estimate() && std::isfinite(metric.estimate().value())) continue;
    status = absl::InvalidArgumentError(
        absl::StrCat(Name(row), ": status OK, but ", metric.name(), " is ",
                     metric.has_estimate() ? absl::StrCat(metric.estimate().value()) : "missing",
                     "; it must be finite"));
  }
  return status.ok() ? CheckFirstMetric(row, facts.metrics(0).name()) : status;
}

std::optional<double> Share(double part, double whole) {
  const double share = part / whole;
  if (!(whole > 0) || !std::isfinite(share)) return std::nullopt;
  return share;
}

// How good `value` is as a share of `reference`: more is better in both directions.
std::optional<double> ShareOf(double value, double reference, Direction direction) {
  return direction == LOWER_IS_BETTER ? Share(reference, value) : Share(value, reference);
}

std::vector<RowMetric> RowMetrics(const Entry& entry, const MethodResult& result,
                                  const SettingFacts& setting) {
  std::vector<RowMetric> metrics;
  for (const MetricFacts& facts : setting.metrics()) {
    RowMetric& metric = metrics.emplace_back();
    metric.facts = facts;
    const auto oracle = result.oracle().find(facts.name());
    if (oracle != result.oracle().end()) metric.oracle = oracle->second;
    const MetricValue* value = FindMetric(entry, facts.name());
    if (value == nullptr) continue;
    metric.estimate = value->estimate();
    if (facts.direction() == HIGHER_IS_BETTER) {
      metric.ceiling_share = Share(value->estimate().value(), facts.ceiling().value());
    }
  }
  return metrics;
}

double Value(const Row& row) { return row.metrics[0].estimate->value(); }

bool ClearlyBetter(const Contest& contest, size_t a, size_t b) {
  const std::vector<double>&first = contest.means[a], &second = contest.means[b];
  return RankingDirection(contest.rows[a]) == LOWER_IS_BETTER ? ClearlyAbove(second, first)
                                                              : ClearlyAbove(first, second);
}

// Compares the values and costs of a selector and a search, both by their index.
void CompareWithSearch(const Contest& contest, size_t s, size_t g, Headline& headline) {
  const Row &selector = contest.rows[s], &search = contest.rows[g];
  const Direction direction = RankingDirection(selector);
  headline.search = search.entry.tuner();
  headline.search_value = Value(search);
  headline.search_retrainings = SearchRetrainings(search);
  headline.share = ShareOf(Value(selector), Value(search), direction);
  if (selector.entry.has_tuning_cost() && search.entry.has_tuning_cost()) {
    const CostRecord &cost = selector.entry.tuning_cost(), &whole = search.entry.tuning_cost();
    headline.cost_share = Share(cost.cpu_seconds(), whole.cpu_seconds());
    headline.flops_share = Share(cost.flops(), whole.flops());
  }
  std::vector<double> shares;
  for (int b = 0; b < PairedBootstrap::kResamples; ++b) {
    const std::optional<double> share =
        ShareOf(contest.means[s][b], contest.means[g][b], direction);
    if (share.has_value()) shares.push_back(*share);
  }
  if (shares.size() == PairedBootstrap::kResamples && headline.share.has_value()) {
    std::tie(headline.share_low, headline.share_high) = PercentileInterval(std::move(shares));
  }
}

Headline MakeHeadline(const Contest& contest, size_t s) {
  const Row& selector = contest.rows[s];
  Headline headline;
  headline.setting = selector.setting;
  headline.method = selector.method;
  headline.selector = selector.entry.tuner();
  headline.metric = selector.metrics[0].facts.name();
  headline.selector_value = Value(selector);
  if (selector.entry.has_tuning_cost()) {
    headline.selector_retrainings = selector.entry.tuning_cost().retrainings();
  }
  std::vector<const Row*> searches;
  for (size_t g = 0; g < contest.rows.size(); ++g) {
    const Row& search = contest.rows[g];
    const std::optional<double> retrainings = SearchRetrainings(search);
    if (search.method != selector.method || !retrainings.has_value()) continue;
    searches.push_back(&search);
    if (ClearlyBetter(contest, s, g)) continue;
    const int64_t spent = std::llround(*retrainings);
    headline.retrainings_to_match = std::min(spent, headline.retrainings_to_match.value_or(spent));
  }
  if (const Row* largest = LargestSearch(searches); largest != nullptr) {
    CompareWithSearch(contest, s, largest - contest.rows.data(), headline);
  }
  return headline;
}

std::vector<Headline> MakeHeadlines(const Contest& contest) {
  std::vector<Headline> headlines;
  for (size_t s = 0; s < contest.rows.size(); ++s) {
    const Row& row = contest.rows[s];
    if (IsOk(row) && row.damped && row.entry.tuner_kind() == SELECTOR) {
      headlines.push_back(MakeHeadline(contest, s));
    }
  }
  return headlines;
}

absl::StatusOr<Contest> ResampleRows(std::vector<Row> rows) {
  Contest contest;
  contest.means.resize(rows.size());
  const Row* first = nullptr;
  std::optional<PairedBootstrap> bootstrap;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!IsOk(rows[i])) continue;
    const std::string& metric = rows[i].metrics[0].facts.name();
    const auto& values = FindMetric(rows[i].entry, metric)->per_unit();
    if (first == nullptr) {
      first = &rows[i];
      bootstrap.emplace(values.size());
    }
    const int expected = FindMetric(first->entry, metric)->per_unit_size();
    if (values.size() != expected) {
      return absl::InvalidArgumentError(
          absl::StrCat(Name(rows[i]), ": ", values.size(), " values per unit of ", metric, ", but ",
                       expected, " in method ", first->method, ", tuner ", first->entry.tuner()));
    }
    contest.means[i] = bootstrap->Means(values);
  }
  contest.rows = std::move(rows);
  return contest;
}

void RankRows(Contest& contest) {
  std::vector<Row>& rows = contest.rows;
  const int num_rows = rows.size();
  const int num_ok = std::count_if(rows.begin(), rows.end(), IsOk);
  for (Row& row : rows) row.rank = IsOk(row) ? Rank{1, num_ok} : Rank{num_rows, num_rows};
  for (size_t a = 0; a < rows.size(); ++a) {
    for (size_t b = 0; b < rows.size(); ++b) {
      if (a == b || !IsOk(rows[a]) || !IsOk(rows[b]) || !ClearlyBetter(contest, a, b)) continue;
      ++rows[b].rank.low;
      --rows[a].rank.high;
    }
  }
}

bool Before(const Row& a, const Row& b) {
  const auto key = [](const Row& row) {
    double badness = 0;
    if (IsOk(row)) badness = RankingDirection(row) == LOWER_IS_BETTER ? Value(row) : -Value(row);
    return std::make_tuple(!IsOk(row), row.rank.low, badness, absl::string_view(row.method),
                           absl::string_view(row.entry.tuner()));
  };
  return key(a) < key(b);
}

// `rows` are in the board's order.
void SortHeadlines(const std::vector<Row>& rows, std::vector<Headline>& headlines) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < rows.size(); ++i) places.emplace(rows[i].method, i);
  std::sort(headlines.begin(), headlines.end(), [&](const Headline& a, const Headline& b) {
    return std::make_tuple(places[a.method], absl::string_view(a.selector)) <
           std::make_tuple(places[b.method], absl::string_view(b.selector));
  });
}

absl::Status FactsDiffer(const MethodResult& result, const std::string& differences) {
  return absl::InvalidArgumentError(
      absl::StrCat("setting ", result.setting().name(), ", method ", result.method(),
                   ": facts differ from another result's: ",
                   absl::StrReplaceAll(absl::StripSuffix(differences, "\n"), {{"\n", "; "}})));
}

// Adds the metrics that only this result states to those of earlier results, after the first. All
// other facts must be equal.
absl::Status MergeFacts(const MethodResult& result, SettingFacts& merged) {
  SettingFacts expected = merged, given = result.setting();
  expected.clear_metrics();
  given.clear_metrics();
  // The metrics that both state.
  std::vector<MetricFacts> added;
  for (const MetricFacts& metric : result.setting().metrics()) {
    const auto& known = merged.metrics();
    const auto found = std::find_if(known.begin(), known.end(), [&](const MetricFacts& other) {
      return other.name() == metric.name();
    });
    if (found == known.end()) {
      added.push_back(metric);
      continue;
    }
    *expected.add_metrics() = *found;
    *given.add_metrics() = metric;
  }
  std::string differences;
  MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  if (!differencer.Compare(expected, given)) return FactsDiffer(result, differences);
  if (merged.metrics().empty() != result.setting().metrics().empty() ||
      (!merged.metrics().empty() &&
       merged.metrics(0).name() != result.setting().metrics(0).name())) {
    return FactsDiffer(result, "another first metric, or none");
  }
  for (const MetricFacts& metric : added) *merged.add_metrics() = metric;
  return absl::OkStatus();
}

absl::StatusOr<Row> MakeRow(const MethodResult& result, const Entry& entry,
                            const SettingFacts& facts) {
  Row row;
  row.setting = result.setting().name();
  row.method = result.method();
  row.damped = result.damped();
  row.machine = result.machine();
  row.entry = entry;
  if (!IsOk(row)) row.entry.clear_metrics();
  row.metrics = RowMetrics(row.entry, result, facts);
  if (!IsOk(row)) return row;
  const absl::Status status = CheckMetrics(row, result.setting());
  if (!status.ok()) return status;
  return row;
}

}  // namespace

absl::StatusOr<Board> MakeBoard(const std::vector<MethodResult>& results) {
  std::map<std::string, SettingFacts> settings;
  std::map<std::string, std::vector<Row>> rows;
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const MethodResult& result : results) {
    absl::Status status = CheckFacts(result.setting());
    if (!status.ok()) return status;
    SettingFacts& facts = settings.emplace(result.setting().name(), result.setting()).first->second;
    status = MergeFacts(result, facts);
    if (!status.ok()) return status;
  }
  // Any order of the results gives the same board.
  for (auto& [name, facts] : settings) {
    std::sort(facts.mutable_metrics()->begin() + 1, facts.mutable_metrics()->end(),
              [](const MetricFacts& a, const MetricFacts& b) { return a.name() < b.name(); });
  }
  for (const MethodResult& result : results) {
    const std::string& setting = result.setting().name();
    for (const Entry& entry : result.entries()) {
      absl::StatusOr<Row> row = MakeRow(result, entry, settings[setting]);
      if (!row.ok()) return row.status();
      if (!seen.emplace(setting, row->method, entry.tuner()).second) {
        return absl::InvalidArgumentError(absl::StrCat(Name(*row), ": two results of this entry"));
      }
      rows[setting].push_back(*std::move(row));
    }
  }
  Board board;
  for (auto& [name, facts] : settings) {
    board.settings.push_back(std::move(facts));
    absl::StatusOr<Contest> contest = ResampleRows(std::move(rows[name]));
    if (!contest.ok()) return contest.status();
    RankRows(*contest);
    std::vector<Headline> headlines = MakeHeadlines(*contest);
    std::sort(contest->rows.begin(), contest->rows.end(), Before);
    SortHeadlines(contest->rows, headlines);
    std::move(contest->rows.begin(), contest->rows.end(), std::back_inserter(board.rows));
    std::move(headlines.begin(), headlines.end(), std::back_inserter(board.headlines));
  }
  return board;
}

std::optional<double> SearchRetrainings(const Row& row) {
  const double retrainings = row.entry.tuning_cost().retrainings();
  if (!IsOk(row) || row.entry.tuner_kind() != SEARCH || !(retrainings > 0)) return std::nullopt;
  return retrainings;
}

const Row* LargestSearch(absl::Span<const Row* const> rows) {
  const Row* largest = nullptr;
  const auto key = [](const Row& row) {
    return std::make_tuple(-SearchRetrainings(row).value_or(0),
                           absl::string_view(row.entry.tuner()));
  };
  for (const Row* row : rows) {
    if (!SearchRetrainings(*row).has_value()) continue;
    if (largest == nullptr || key(*row) < key(*largest)) largest = row;
  }
  return largest;
}

}  // namespace attribench
