// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/board.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "benchmarks/provenance.h"
#include "google/protobuf/util/field_comparator.h"
#include "google/protobuf/util/message_differencer.h"
#include "leaderboard/result_check.h"

namespace attribench {
namespace {

using ::google::protobuf::util::MessageDifferencer;

// Dampings that differ by less are the same but for rounding, as a ratio.
constexpr double kSameDamping = 1e-9;

bool IsOk(const Row& row) { return row.entry.status() == OK; }

Direction RankingDirection(const Row& row) { return row.metrics[0].facts.direction(); }

double Value(const Row& row) { return row.metrics[0].estimate->value(); }

bool IsSameDamping(double a, double b) { return std::abs(a - b) <= kSameDamping * std::abs(a); }

std::optional<double> Share(double part, double whole) {
  const double share = part / whole;
  if (!(whole > 0) || !std::isfinite(share)) return std::nullopt;
  return share;
}

// How good `value` is as a share of `reference`: more is better in both directions.
std::optional<double> ShareOf(double value, double reference, Direction direction) {
  return direction == LOWER_IS_BETTER ? Share(reference, value) : Share(value, reference);
}

// ---- Rows ----------------------------------------------------------------------------------

// The absolute dampings of the points of the grid that have this metric.
std::vector<const GridPoint*> PointsWith(const MethodResult& result, const std::string& metric) {
  std::vector<const GridPoint*> points;
  for (const GridPoint& point : result.grid()) {
    if (point.metrics().count(metric) > 0) points.push_back(&point);
  }
  return points;
}

bool IsAtEdge(double damping, const std::vector<const GridPoint*>& points) {
  if (points.size() < 2) return false;
  const auto [least, greatest] =
      std::minmax_element(points.begin(), points.end(), [](const GridPoint* a, const GridPoint* b) {
        return a->absolute_damping() < b->absolute_damping();
      });
  return IsSameDamping(damping, (*least)->absolute_damping()) ||
         IsSameDamping(damping, (*greatest)->absolute_damping());
}

bool OracleIsAtEdge(double oracle, const std::string& metric, const MethodResult& result) {
  const std::vector<const GridPoint*> points = PointsWith(result, metric);
  return std::any_of(points.begin(), points.end(), [&](const GridPoint* point) {
    return point->metrics().at(metric) == oracle && IsAtEdge(point->absolute_damping(), points);
  });
}

std::vector<RowMetric> RowMetrics(const Entry& entry, const MethodResult& result,
                                  const SettingFacts& setting) {
  std::vector<RowMetric> metrics;
  for (const MetricFacts& facts : setting.metrics()) {
    RowMetric& metric = metrics.emplace_back();
    metric.facts = facts;
    const auto oracle = result.oracle().find(facts.name());
    if (oracle != result.oracle().end()) {
      metric.oracle = oracle->second;
      metric.oracle_at_edge = OracleIsAtEdge(oracle->second, facts.name(), result);
    }
    const MetricValue* value = FindMetric(entry, facts.name());
    if (value == nullptr) continue;
    metric.estimate = value->estimate();
    if (facts.direction() == HIGHER_IS_BETTER) {
      metric.ceiling_share = Share(value->estimate().value(), facts.ceiling().value());
    }
  }
  return metrics;
}

Row MakeRow(const MethodResult& result, const Entry& entry, const SettingFacts& facts) {
  Row row;
  row.setting = result.setting().name();
  row.method = result.method();
  row.damped = result.damped();
  row.machine = result.machine();
  row.entry = entry;
  row.tuners = {entry.tuner()};
  if (!IsOk(row)) row.entry.clear_metrics();
  row.metrics = RowMetrics(row.entry, result, facts);
  row.damping_at_edge =
      IsOk(row) && entry.tuner_kind() == SEARCH && entry.has_absolute_damping() &&
      IsAtEdge(entry.absolute_damping(), PointsWith(result, facts.metrics(0).name()));
  return row;
}

// Whether `a` adds nothing to `b`, a row of the same method: b's tuner made the choice for a's, or
// both set the same hyperparameters by a fixed rule.
bool IsSameChoice(const Row& a, const Row& b) {
  if (a.method != b.method || !IsOk(a) || !IsOk(b)) return false;
  if (!a.entry.chosen_by().empty()) return a.entry.chosen_by() == b.entry.tuner();
  return a.entry.tuner_kind() == FIXED_VALUE && b.entry.tuner_kind() == FIXED_VALUE &&
         a.entry.has_absolute_damping() && b.entry.has_absolute_damping() &&
         IsSameDamping(a.entry.absolute_damping(), b.entry.absolute_damping());
}

std::vector<Row> MergeSameChoices(std::vector<Row> rows) {
  const auto key = [](const Row& row) {  // whose choice another tuner made comes after that one
    return std::make_tuple(absl::string_view(row.method), !row.entry.chosen_by().empty(),
                           absl::string_view(row.entry.tuner()));
  };
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) < key(b); });
  std::vector<Row> merged;
  for (Row& row : rows) {
    const auto same = std::find_if(merged.begin(), merged.end(),
                                   [&](const Row& other) { return IsSameChoice(row, other); });
    if (same == merged.end()) {
      merged.push_back(std::move(row));
    } else {
      same->tuners.push_back(row.entry.tuner());
    }
  }
  return merged;
}

// ---- What the data settle ------------------------------------------------------------------

// A setting's rows; those with status OK in the order of the contest.
struct RankedRows {
  std::vector<Row> rows;
  std::vector<size_t> places;  // of the contestants, in `rows`
  Contest contest;
  Resolution resolution;
};

RankedRows Compare(std::vector<Row> rows, const SettingFacts& facts) {
  std::vector<Contestant> contestants;
  std::vector<size_t> places;
  bool has_effects = true;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!IsOk(rows[i])) continue;
    const MetricValue& metric = *FindMetric(rows[i].entry, facts.metrics(0).name());
    Contestant contestant{rows[i].method, Value(rows[i]), {}};
    contestant.effects.subsets = {metric.per_subset().begin(), metric.per_subset().end()};
    for (const double value : metric.per_unit()) {
      contestant.effects.tests.push_back(value - contestant.value);
    }
    has_effects = has_effects && !metric.per_subset().empty();
    contestants.push_back(std::move(contestant));
    places.push_back(i);
  }
  Resolution resolution;
  const int n = static_cast<int>(contestants.size());
  resolution.pairs = n * (n - 1) / 2;
  if (!has_effects) {
    // Without the effects of subsets, differences would seem more certain than they are.
    contestants.clear();
    resolution.not_ranked =
        "its results do not hold the effects of subsets; run the methods again to rank them";
  }
  Contest contest(std::move(contestants), facts.metrics(0).direction());
  if (has_effects) {
    resolution.floor = contest.ResolutionFloor();
    resolution.pairs_told_apart = contest.PairsToldApart();
    if (resolution.floor.value_or(0) > kLargestResolutionFloor) {
      resolution.not_ranked = absl::StrFormat(
          "its subsets and test examples tell only differences above %.2f apart, and a ranking "
          "needs %.2f",
          *resolution.floor, kLargestResolutionFloor);
    }
  }
  return {std::move(rows), std::move(places), std::move(contest), std::move(resolution)};
}

void RankRows(RankedRows& ranked) {
  if (!ranked.resolution.not_ranked.empty()) return;
  const int num_rows = static_cast<int>(ranked.rows.size());
  for (Row& row : ranked.rows) row.rank = {num_rows, num_rows};
  const std::vector<Rank> ranks = ranked.contest.Ranks();
  for (size_t i = 0; i < ranks.size(); ++i) ranked.rows[ranked.places[i]].rank = ranks[i];
}

// ---- Headlines -----------------------------------------------------------------------------

// A tuner that comes with several numbers of trainings has them at the end of its name:
// "grid_search_5" and "grid_search_50" are of one family.
absl::string_view FamilyOf(absl::string_view tuner) {
  const size_t end = tuner.find_last_not_of("0123456789");
  if (end == tuner.npos || tuner[end] != '_') return tuner;
  return tuner.substr(0, end);
}

// Compares the values and costs of a selector and a search, both by their place in the contest.
void CompareWithSearch(const RankedRows& ranked, size_t s, size_t g, Headline& headline) {
  const Row& selector = ranked.rows[ranked.places[s]];
  const Row& search = ranked.rows[ranked.places[g]];
  headline.search = search.entry.tuner();
  headline.search_value = Value(search);
  headline.search_retrainings = SearchRetrainings(search);
  headline.share = ShareOf(Value(selector), Value(search), RankingDirection(selector));
  if (!headline.share.has_value()) {
    headline.no_share = "grid search's value is not positive";
  }
  if (selector.entry.has_tuning_cost() && search.entry.has_tuning_cost()) {
    const CostRecord &cost = selector.entry.tuning_cost(), &whole = search.entry.tuning_cost();
    if (const auto seconds = CpuSecondsOf(selector, cost); seconds.has_value()) {
      headline.cost_share = Share(*seconds, whole.cpu_seconds());
    }
    headline.flops_share = Share(cost.flops(), whole.flops());
  }
  const auto interval = ranked.contest.ShareInterval(s, g);
  if (interval.has_value() && headline.share.has_value()) {
    std::tie(headline.share_low, headline.share_high) = *interval;
  }
}

// The selector is given by its place in `rows`.
Headline MakeHeadline(const RankedRows& ranked, size_t selector_place) {
  const Row& selector = ranked.rows[selector_place];
  Headline headline;
  headline.setting = selector.setting;
  headline.method = selector.method;
  headline.selector = selector.entry.tuner();
  headline.metric = selector.metrics[0].facts.name();
  if (!IsOk(selector)) {
    headline.no_share = "the selector failed";
    return headline;
  }
  headline.selector_value = Value(selector);
  if (selector.entry.has_tuning_cost()) {
    headline.selector_retrainings = selector.entry.tuning_cost().retrainings();
  }
  const auto& places = ranked.places;
  const size_t s = std::find(places.begin(), places.end(), selector_place) - places.begin();
  std::vector<const Row*> searches;
  for (const size_t g : places) {
    if (ranked.rows[g].method == selector.method) searches.push_back(&ranked.rows[g]);
  }
  const Row* largest = LargestSearch(searches);
  if (largest == nullptr) {
    const bool ran = std::any_of(ranked.rows.begin(), ranked.rows.end(), [&](const Row& row) {
      return row.method == selector.method && row.entry.tuner_kind() == SEARCH;
    });
    headline.no_share = ran ? "grid search failed" : "there is no grid search";
    return headline;
  }
  const size_t place = largest - ranked.rows.data();
  const size_t g = std::find(places.begin(), places.end(), place) - places.begin();
  CompareWithSearch(ranked, s, g, headline);
  for (size_t other = 0; other < places.size(); ++other) {
    const Row& search = ranked.rows[places[other]];
    const std::optional<double> retrainings = SearchRetrainings(search);
    if (search.method != selector.method || !retrainings.has_value() ||
        FamilyOf(search.entry.tuner()) != FamilyOf(headline.search) ||
        ranked.contest.ClearlyBetter(s, other)) {
      continue;
    }
    const int64_t spent = std::llround(*retrainings);
    headline.retrainings_to_match = std::min(spent, headline.retrainings_to_match.value_or(spent));
  }
  return headline;
}

std::vector<Headline> MakeHeadlines(const RankedRows& ranked) {
  std::vector<Headline> headlines;
  if (!ranked.resolution.not_ranked.empty()) return headlines;
  for (size_t place = 0; place < ranked.rows.size(); ++place) {
    const Row& row = ranked.rows[place];
    if (row.damped && row.entry.tuner_kind() == SELECTOR) {
      headlines.push_back(MakeHeadline(ranked, place));
    }
  }
  return headlines;
}

// The place of an entry in the contest.
size_t PlaceOf(const RankedRows& ranked, const std::string& method, const std::string& tuner) {
  const auto found = std::find_if(ranked.places.begin(), ranked.places.end(), [&](size_t place) {
    const Row& row = ranked.rows[place];
    return row.method == method && row.entry.tuner() == tuner;
  });
  return found - ranked.places.begin();
}

std::vector<SelectorSummary> MakeSummaries(const RankedRows& ranked,
                                           const std::vector<Headline>& headlines) {
  std::map<std::string, std::vector<const Headline*>> by_selector;
  for (const Headline& headline : headlines) by_selector[headline.selector].push_back(&headline);
  std::vector<SelectorSummary> summaries;
  for (const auto& [selector, of_selector] : by_selector) {
    std::vector<std::pair<size_t, size_t>> pairs;
    for (const Headline* headline : of_selector) {
      if (!headline->share.has_value()) continue;
      pairs.emplace_back(PlaceOf(ranked, headline->method, selector),
                         PlaceOf(ranked, headline->method, headline->search));
    }
    SelectorSummary& summary = summaries.emplace_back(Summarize(of_selector));
    if (const auto interval = ranked.contest.MedianShareInterval(pairs); interval.has_value()) {
      std::tie(summary.median_share_low, summary.median_share_high) = *interval;
    }
  }
  return summaries;
}

// ---- The order of everything ---------------------------------------------------------------

bool Before(const Row& a, const Row& b) {
  const auto key = [](const Row& row) {
    double badness = 0;
    if (IsOk(row)) badness = RankingDirection(row) == LOWER_IS_BETTER ? Value(row) : -Value(row);
    return std::make_tuple(!IsOk(row), row.rank.low, badness, absl::string_view(row.method),
                           row.entry.tuning_cost().flops(), absl::string_view(row.entry.tuner()));
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

// ---- Facts of a setting that several results state -----------------------------------------

absl::Status FactsDiffer(const MethodResult& result, const std::string& differences) {
  return absl::InvalidArgumentError(
      absl::StrCat("setting ", result.setting().name(), ", method ", result.method(),
                   ": facts differ from another result's: ",
                   absl::StrReplaceAll(absl::StripSuffix(differences, "\n"), {{"\n", "; "}})));
}

// Adds the metrics that only this result states to those of earlier results, after the first. All
// other facts must be equal, numbers up to rounding.
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
  // Programs of different versions may sum in another order.
  google::protobuf::util::DefaultFieldComparator numbers;
  numbers.set_float_comparison(google::protobuf::util::DefaultFieldComparator::APPROXIMATE);
  numbers.SetDefaultFractionAndMargin(/*fraction=*/1e-9, /*margin=*/1e-12);
  differencer.set_field_comparator(&numbers);
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

// Results that were made from other files than the first one's measure something else.
absl::Status CheckFiles(const ResultFile& file, const ResultFile& first) {
  for (const ProvenanceDifference& difference :
       CompareProvenance(first.result.provenance(), file.result.provenance())) {
    if (difference.of != ProvenanceDifference::Of::kFiles) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "setting ", file.result.setting().name(), ", method ", file.result.method(), ": ",
        difference.what, " ", difference.now, ", but ", difference.before, " in ",
        first.path.empty() ? first.result.method() : first.path,
        "; results of different zoos or data are not in one table: run the older ones again"));
  }
  return absl::OkStatus();
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  if (path.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

// The facts of each setting, by name.
absl::StatusOr<std::map<std::string, SettingFacts>> MergeSettings(
    const std::vector<ResultFile>& files) {
  std::map<std::string, SettingFacts> settings;
  std::map<std::string, const ResultFile*> firsts;
  for (const ResultFile& file : files) {
    const std::string& name = file.result.setting().name();
    absl::Status status = CheckResult(file.result);
    if (status.ok()) status = CheckFiles(file, *firsts.emplace(name, &file).first->second);
    SettingFacts& facts = settings.emplace(name, file.result.setting()).first->second;
    if (status.ok()) status = MergeFacts(file.result, facts);
    if (!status.ok()) return InFile(file.path, status);
  }
  // Any order of the results gives the same board.
  for (auto& [name, facts] : settings) {
    std::sort(facts.mutable_metrics()->begin() + 1, facts.mutable_metrics()->end(),
              [](const MetricFacts& a, const MetricFacts& b) { return a.name() < b.name(); });
  }
  return settings;
}

// The rows of each setting, by name.
absl::StatusOr<std::map<std::string, std::vector<Row>>> MakeRows(
    const std::vector<ResultFile>& files, const std::map<std::string, SettingFacts>& settings) {
  std::map<std::string, std::vector<Row>> rows;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> paths;
  for (const auto& [path, result] : files) {
    const std::string& setting = result.setting().name();
    for (const Entry& entry : result.entries()) {
      const auto [other, is_new] =
          paths.emplace(std::make_tuple(setting, result.method(), entry.tuner()), path);
      if (!is_new) {
        return InFile(path, absl::InvalidArgumentError(absl::StrCat(
                                "setting ", setting, ", method ", result.method(), ", tuner ",
                                entry.tuner(), ": two results of this entry",
                                other->second.empty() ? "" : "; the other is in ", other->second)));
      }
      rows[setting].push_back(MakeRow(result, entry, settings.at(setting)));
    }
  }
  return rows;
}

// If several results are of one method, those of the first tuner by name.
std::vector<MethodFacts> MakeMethods(const std::vector<ResultFile>& files) {
  std::map<std::tuple<std::string, std::string, std::string>, const MethodResult*> results;
  for (const ResultFile& file : files) {
    std::string first;
    for (const Entry& entry : file.result.entries()) {
      if (first.empty() || entry.tuner() < first) first = entry.tuner();
    }
    results[{file.result.setting().name(), file.result.method(), first}] = &file.result;
  }
  std::vector<MethodFacts> methods;
  for (const auto& [key, result] : results) {
    const auto& [setting, method, tuner] = key;
    if (!methods.empty() && methods.back().setting == setting && methods.back().method == method) {
      continue;
    }
    MethodFacts& facts = methods.emplace_back();
    facts.setting = setting;
    facts.method = method;
    facts.curve.assign(result->grid().begin(), result->grid().end());
    facts.provenance = result->provenance();
  }
  return methods;
}

}  // namespace

std::optional<double> CpuSecondsOf(const Row& row, const CostRecord& cost) {
  if (!row.machine.device().empty()) return std::nullopt;
  return cost.cpu_seconds();
}

absl::StatusOr<Board> MakeBoard(const std::vector<MethodResult>& results) {
  std::vector<ResultFile> files;
  for (const MethodResult& result : results) files.push_back({"", result});
  return MakeBoard(files);
}

absl::StatusOr<Board> MakeBoard(const std::vector<ResultFile>& files) {
  absl::StatusOr<std::map<std::string, SettingFacts>> settings = MergeSettings(files);
  if (!settings.ok()) return settings.status();
  absl::StatusOr<std::map<std::string, std::vector<Row>>> rows = MakeRows(files, *settings);
  if (!rows.ok()) return rows.status();
  Board board;
  for (auto& [name, facts] : *settings) {
    RankedRows ranked = Compare(MergeSameChoices(std::move((*rows)[name])), facts);
    RankRows(ranked);
    std::vector<Headline> headlines = MakeHeadlines(ranked);
    std::vector<SelectorSummary> summaries = MakeSummaries(ranked, headlines);
    std::sort(ranked.rows.begin(), ranked.rows.end(), Before);
    SortHeadlines(ranked.rows, headlines);
    board.settings.push_back(std::move(facts));
    board.resolutions.emplace(name, std::move(ranked.resolution));
    std::move(ranked.rows.begin(), ranked.rows.end(), std::back_inserter(board.rows));
    std::move(headlines.begin(), headlines.end(), std::back_inserter(board.headlines));
    std::move(summaries.begin(), summaries.end(), std::back_inserter(board.summaries));
  }
  board.methods = MakeMethods(files);
  return board;
}

Resolution ResolutionOf(const Board& board, const std::string& setting) {
  const auto found = board.resolutions.find(setting);
  return found == board.resolutions.end() ? Resolution() : found->second;
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
