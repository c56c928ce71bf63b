// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/json.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "leaderboard/display_names.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using Json = nlohmann::ordered_json;

// A protobuf map in the order of its keys.
template <typename Map>
auto Sorted(const Map& map) {
  return std::map<typename Map::key_type, typename Map::mapped_type>(map.begin(), map.end());
}

Json Number(std::optional<double> value) {
  return value.has_value() && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json IntervalJson(bool present, const Interval& interval) {
  const auto number = [present](double value) { return present ? Number(value) : Json(nullptr); };
  return {{"value", number(interval.value())},
          {"low", number(interval.low())},
          {"high", number(interval.high())}};
}

Json CostJson(const Row& row, bool present, const CostRecord& cost) {
  const auto number = [present](std::optional<double> value) {
    return present && value.has_value() ? Number(*value) : Json(nullptr);
  };
  return {{"retrainings", number(cost.retrainings())},
          {"cpu_seconds", number(CpuSecondsOf(row, cost))},
          {"device_seconds", number(cost.device_seconds())},
          {"flops", number(cost.flops())}};
}

Json HyperparameterJson(const std::string& text) {
  int64_t integer;
  double real;
  if (text.empty() || absl::ascii_isspace(text.front()) || absl::ascii_isspace(text.back())) {
    return text;
  }
  if (absl::SimpleAtoi(text, &integer)) return integer;
  if (absl::SimpleAtod(text, &real) && std::isfinite(real)) return real;
  return text;
}

Json SettingJson(const SettingFacts& setting) {
  Json metrics = Json::array();
  for (const MetricFacts& metric : setting.metrics()) {
    metrics.push_back({{"name", metric.name()},
                       {"unit", metric.unit()},
                       {"direction", DirectionName(metric.direction())},
                       {"ceiling", IntervalJson(metric.has_ceiling(), metric.ceiling())}});
  }
  return {{"name", setting.name()},
          {"dataset", setting.dataset()},
          {"synthetic", setting.synthetic()},
          {"model", setting.model()},
          {"num_train", setting.num_train()},
          {"num_test", setting.num_test()},
          {"num_parameters", setting.num_parameters()},
          {"num_subsets", setting.num_subsets()},
          {"num_seeds", setting.num_seeds()},
          {"metrics", metrics}};
}

Json MetricsJson(const std::vector<RowMetric>& metrics) {
  Json json = Json::object();
  for (const RowMetric& metric : metrics) {
    Json value = IntervalJson(metric.estimate.has_value(), metric.estimate.value_or(Interval()));
    value["ceiling"] =
        metric.facts.has_ceiling() ? Number(metric.facts.ceiling().value()) : Json(nullptr);
    value["ceiling_share"] = Number(metric.ceiling_share);
    value["oracle"] = Number(metric.oracle);
    value["oracle_at_edge"] = metric.oracle_at_edge;
    value["direction"] = DirectionName(metric.facts.direction());
    value["unit"] = metric.facts.unit();
    json[metric.facts.name()] = value;
  }
  return json;
}

Json ResolutionJson(const Resolution& resolution) {
  return {
      {"floor", Number(resolution.floor)},
      {"pairs", resolution.pairs},
      {"pairs_told_apart", resolution.pairs_told_apart},
      {"not_ranked", resolution.not_ranked.empty() ? Json(nullptr) : Json(resolution.not_ranked)}};
}

Json RankJson(const Rank& rank) {
  const auto place = [](int number) { return number == 0 ? Json(nullptr) : Json(number); };
  return {{"low", place(rank.low)}, {"high", place(rank.high)}};
}

Json HyperparametersJson(const Entry& entry) {
  Json json = Json::object();
  for (const auto& [name, text] : Sorted(entry.hyperparameters())) {
    json[name] = HyperparameterJson(text);
  }
  return json;
}

Json CriterionJson(const Entry& entry) {
  Json json = Json::array();
  for (const CriterionRecord& point : entry.criterion()) {
    json.push_back({{"damping", Number(point.damping())},
                    {"damping_unit", point.damping_unit()},
                    {"value", Number(point.value())}});
  }
  return json;
}

Json TotalCostJson(const Row& row) {
  const Entry& entry = row.entry;
  Json phases = Json::object();
  for (const auto& [name, cost] : Sorted(entry.phases())) phases[name] = CostJson(row, true, cost);
  Json json = CostJson(row, entry.has_total_cost(), entry.total_cost());
  json["phases"] = phases;
  return json;
}

Json RowJson(const Row& row) {
  const Entry& entry = row.entry;
  return {{"setting", row.setting},
          {"method", row.method},
          {"tuner", entry.tuner()},
          {"tuners", row.tuners},
          {"tuner_kind", TunerKindName(entry.tuner_kind())},
          {"status", StatusName(entry.status())},
          {"message", entry.message()},
          {"metrics", MetricsJson(row.metrics)},
          {"hyperparameters", HyperparametersJson(entry)},
          {"absolute_damping",
           entry.has_absolute_damping() ? Number(entry.absolute_damping()) : Json(nullptr)},
          {"damping_at_edge", row.damping_at_edge},
          {"criterion", CriterionJson(entry)},
          {"rank", RankJson(row.rank)},
          {"tuning_cost", CostJson(row, entry.has_tuning_cost(), entry.tuning_cost())},
          {"total_cost", TotalCostJson(row)},
          {"wall_seconds", Number(entry.wall_seconds())},
          {"peak_memory_bytes", entry.peak_memory_bytes()},
          {"device", row.machine.device().empty() ? Json(nullptr) : Json(row.machine.device())}};
}

Json HeadlineJson(const Headline& headline) {
  Json to_match = nullptr;
  if (headline.retrainings_to_match.has_value()) to_match = *headline.retrainings_to_match;
  Json search = nullptr;
  if (!headline.search.empty()) search = headline.search;
  return {{"setting", headline.setting},
          {"method", headline.method},
          {"selector", headline.selector},
          {"search", search},
          {"metric", headline.metric},
          {"selector_value", Number(headline.selector_value)},
          {"search_value", Number(headline.search_value)},
          {"share", Number(headline.share)},
          {"no_share", headline.no_share.empty() ? Json(nullptr) : Json(headline.no_share)},
          {"share_low", Number(headline.share_low)},
          {"share_high", Number(headline.share_high)},
          {"cost_share", Number(headline.cost_share)},
          {"flops_share", Number(headline.flops_share)},
          {"selector_retrainings", Number(headline.selector_retrainings)},
          {"search_retrainings", Number(headline.search_retrainings)},
          {"retrainings_to_match", to_match}};
}

Json SelectorJson(const SelectorSummary& summary) {
  Json worst_method = nullptr;
  if (!summary.worst_method.empty()) worst_method = summary.worst_method;
  return {{"setting", summary.setting},
          {"selector", summary.selector},
          {"num_methods", summary.num_methods},
          {"num_compared", summary.num_compared},
          {"share",
           {{"median", Number(summary.median_share)},
            {"low", Number(summary.median_share_low)},
            {"high", Number(summary.median_share_high)}}},
          {"worst",
           {{"method", worst_method},
            {"share", Number(summary.worst_share)},
            {"low", Number(summary.worst_share_low)},
            {"high", Number(summary.worst_share_high)}}},
          {"cost_share", Number(summary.median_cost_share)},
          {"flops_share", Number(summary.median_flops_share)},
          {"retrainings_to_match", Number(summary.median_retrainings_to_match)}};
}

Json CurveJson(const std::vector<GridPoint>& curve) {
  Json json = Json::array();
  for (const GridPoint& point : curve) {
    Json metrics = Json::object();
    for (const auto& [name, value] : Sorted(point.metrics())) {
      const auto interval = point.intervals().find(name);
      const bool has_interval = interval != point.intervals().end();
      metrics[name] = IntervalJson(has_interval, has_interval ? interval->second : Interval());
      metrics[name]["value"] = Number(value);
    }
    json.push_back({{"damping", Number(point.damping())},
                    {"damping_unit", point.damping_unit()},
                    {"absolute_damping", Number(point.absolute_damping())},
                    {"metrics", metrics}});
  }
  return json;
}

Json ProvenanceJson(const Provenance& provenance) {
  return {{"program_version", provenance.program_version()},
          {"build_mode", provenance.build_mode()},
          {"torch_version", provenance.torch_version()},
          {"date", provenance.date()},
          {"zoo_recipe_digest", provenance.zoo_recipe_digest()},
          {"ground_truth_digest", provenance.ground_truth_digest()},
          {"data_digest", provenance.data_digest()},
          {"hyperparameters", Sorted(provenance.hyperparameters())}};
}

Json MethodJson(const MethodFacts& facts) {
  return {{"setting", facts.setting},
          {"method", facts.method},
          {"curve", CurveJson(facts.curve)},
          {"provenance", ProvenanceJson(facts.provenance)}};
}

Json RemovalPointJson(const RemovalPoint& point) {
  const bool ok = point.status() == OK;
  Json steps = Json::array(), falls = Json::array(), flips = Json::array();
  for (const RemovalStep& step : point.steps()) {
    steps.push_back({{"share", Number(step.share())},
                     {"removed", step.removed()},
                     {"fall", IntervalJson(true, step.fall())}});
  }
  for (const double fall : point.fall_per_test()) falls.push_back(Number(fall));
  for (const double share : point.smallest_flip()) {
    flips.push_back(share > 0 ? Number(share) : Json(nullptr));
  }
  return {{"tuners", std::vector<std::string>(point.tuners().begin(), point.tuners().end())},
          {"damping", point.damping().empty() ? Json(nullptr) : Json(point.damping())},
          {"status", StatusName(point.status())},
          {"message", point.message()},
          {"lds", Number(point.lds())},
          {"fall", IntervalJson(ok, point.fall())},
          {"fall_per_test", falls},
          {"steps", steps},
          {"smallest_flip", flips},
          {"retrainings", Number(point.cost().retrainings())}};
}

Json RemovalJson(const MethodRemoval& study) {
  Json points = Json::array();
  for (const RemovalPoint& point : study.points()) points.push_back(RemovalPointJson(point));
  return {{"setting", study.setting().name()},
          {"method", study.method()},
          {"tests", std::vector<int64_t>(study.tests().begin(), study.tests().end())},
          {"num_seeds", study.num_seeds()},
          {"points", points}};
}

}  // namespace

std::string RenderJson(const Board& board, const std::vector<MethodRemoval>& removals) {
  Json settings = Json::array(), entries = Json::array(), headline = Json::array(),
       selectors = Json::array(), methods = Json::array();
  for (const SettingFacts& setting : board.settings) {
    settings.push_back(SettingJson(setting));
    settings.back()["resolution"] = ResolutionJson(ResolutionOf(board, setting.name()));
  }
  for (const Row& row : board.rows) entries.push_back(RowJson(row));
  for (const Headline& h : board.headlines) headline.push_back(HeadlineJson(h));
  for (const SelectorSummary& summary : board.summaries) selectors.push_back(SelectorJson(summary));
  for (const MethodFacts& facts : board.methods) methods.push_back(MethodJson(facts));
  Json studies = Json::array();
  for (const MethodRemoval& study : removals) studies.push_back(RemovalJson(study));
  const Json root = {{"schema_version", 6},  {"settings", settings},   {"entries", entries},
                     {"headline", headline}, {"selectors", selectors}, {"methods", methods},
                     {"removals", studies}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace attribench
