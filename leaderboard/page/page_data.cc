// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/page/page_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "benchmarks/removal_report.h"
#include "leaderboard/display_names.h"
#include "leaderboard/method_blocks.h"
#include "leaderboard/sentences.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using Json = nlohmann::ordered_json;

Json Number(std::optional<double> value) {
  if (!value.has_value() || !std::isfinite(*value)) return nullptr;
  double rounded = 0;
  if (!absl::SimpleAtod(absl::StrFormat("%.5g", *value), &rounded)) return nullptr;
  if (rounded == std::floor(rounded) && std::abs(rounded) < 1e6) {
    return static_cast<int64_t>(rounded);
  }
  return rounded;
}

Json Numbers(std::optional<double> value, std::optional<double> low, std::optional<double> high) {
  return Json::array({Number(value), Number(low), Number(high)});
}

Json IntervalJson(const Interval& interval) {
  return Numbers(interval.value(), interval.low(), interval.high());
}

// Leaves out what says nothing.
void Put(Json& object, const char* key, Json value) {
  if (value.is_null() || value == "" ||
      ((value.is_array() || value.is_object()) && value.empty())) {
    return;
  }
  object[key] = std::move(value);
}

Json CostJson(const Row& row, const CostRecord& cost) {
  return Numbers(cost.retrainings(), CpuSecondsOf(row, cost), cost.flops());
}

// ---- A method ------------------------------------------------------------------------------

// The unit in which the page shows the dampings of one method, and how others turn into it.
class DampingAxis {
 public:
  explicit DampingAxis(const MethodFacts& facts) {
    for (const GridPoint& point : facts.curve) {
      unit_ = point.damping_unit();
      if (point.absolute_damping() > 0) of_absolute_ = point.damping() / point.absolute_damping();
    }
  }

  const std::string& unit() const { return unit_; }

  std::optional<double> OfAbsolute(double absolute) const {
    if (!of_absolute_.has_value()) return std::nullopt;
    return absolute * *of_absolute_;
  }

  std::optional<double> Of(const CriterionRecord& point) const {
    if (point.damping_unit() == unit_) return point.damping();
    return point.damping_unit() == "ABSOLUTE" ? OfAbsolute(point.damping()) : std::nullopt;
  }

 private:
  std::string unit_;
  std::optional<double> of_absolute_;
};

Json CurveJson(const MethodFacts& facts, const std::string& metric) {
  Json damping = Json::array(), value = Json::array(), low = Json::array(), high = Json::array();
  for (const GridPoint& point : facts.curve) {
    const auto found = point.metrics().find(metric);
    if (found == point.metrics().end()) continue;
    damping.push_back(Number(point.damping()));
    value.push_back(Number(found->second));
    const auto interval = point.intervals().find(metric);
    if (interval == point.intervals().end()) continue;
    low.push_back(Number(interval->second.low()));
    high.push_back(Number(interval->second.high()));
  }
  if (damping.empty()) return nullptr;
  return {{"damping", damping}, {"value", value}, {"low", low}, {"high", high}};
}

Json CriterionJson(const Entry& entry, const DampingAxis& axis) {
  Json damping = Json::array(), value = Json::array();
  for (const CriterionRecord& point : entry.criterion()) {
    const Json at = Number(axis.Of(point));
    if (at.is_null()) continue;
    damping.push_back(at);
    value.push_back(Number(point.value()));
  }
  if (damping.empty()) return nullptr;
  return {{"damping", damping}, {"value", value}};
}

using Texts = std::map<std::string, std::string>;

Texts HyperparametersOf(const Row& row) {
  Texts texts(row.entry.hyperparameters().begin(), row.entry.hyperparameters().end());
  texts.erase("damping");
  return texts;
}

Json RowJson(const Row& row, const DampingAxis& axis, const Texts& shared) {
  const Entry& entry = row.entry;
  Json json = {{"tuners", row.tuners},
               {"kind", TunerKindName(entry.tuner_kind())},
               {"status", StatusName(entry.status())}};
  Put(json, "message", OneLine(entry.message()));
  if (row.rank.low > 0) json["rank"] = {row.rank.low, row.rank.high};
  Json others = Json::object();
  for (size_t i = 0; i < row.metrics.size(); ++i) {
    const RowMetric& metric = row.metrics[i];
    if (!metric.estimate.has_value()) continue;
    (i == 0 ? json["value"] : others[metric.facts.name()]) = IntervalJson(*metric.estimate);
  }
  Put(json, "others", others);
  if (!row.metrics.empty()) Put(json, "ceiling_share", Number(row.metrics[0].ceiling_share));
  if (entry.has_absolute_damping()) {
    Put(json, "damping", Number(axis.OfAbsolute(entry.absolute_damping())));
    Put(json, "absolute_damping", Number(entry.absolute_damping()));
  }
  if (const auto damping = entry.hyperparameters().find("damping");
      damping != entry.hyperparameters().end()) {
    json["damping_text"] = OneLine(damping->second);
  }
  Texts own = HyperparametersOf(row);
  for (const auto& [name, text] : shared) own.erase(name);
  Put(json, "hyperparameters", own);
  if (row.damping_at_edge) json["at_edge"] = true;
  // The page draws the criteria of selectors; that of a search is its LDS on the tuning block.
  if (entry.tuner_kind() == SELECTOR) Put(json, "criterion", CriterionJson(entry, axis));
  if (entry.has_tuning_cost()) json["tuning"] = CostJson(row, entry.tuning_cost());
  if (entry.has_total_cost()) json["total"] = CostJson(row, entry.total_cost());
  Put(json, "wall_seconds", Number(entry.wall_seconds()));
  if (entry.peak_memory_bytes() > 0) json["memory"] = Number(entry.peak_memory_bytes());
  return json;
}

Json ComparisonJson(const Headline& headline) {
  Json json = {{"selector", headline.selector}};
  Put(json, "search", headline.search);
  if (headline.share.has_value()) {
    json["share"] = Numbers(headline.share, headline.share_low, headline.share_high);
  }
  Put(json, "no_share", headline.no_share);
  Put(json, "cpu", Number(headline.cost_share));
  Put(json, "flops", Number(headline.flops_share));
  if (headline.retrainings_to_match.has_value()) json["to_match"] = *headline.retrainings_to_match;
  return json;
}

Json MethodJson(const MethodBlock& block, const MethodFacts& facts, const std::string& metric) {
  const DampingAxis axis(facts);
  Texts shared = HyperparametersOf(*block.rows[0]);
  for (const Row* row : block.rows) {
    const Texts own = HyperparametersOf(*row);
    for (auto it = shared.begin(); it != shared.end();) {
      const auto found = own.find(it->first);
      it = found != own.end() && found->second == it->second ? std::next(it) : shared.erase(it);
    }
  }
  Json json = {{"name", block.method}, {"damped", block.rows[0]->damped}};
  Put(json, "hyperparameters", shared);
  Put(json, "damping_unit", axis.unit());
  Put(json, "curve", CurveJson(facts, metric));
  Json rows = Json::array(), comparisons = Json::array();
  for (const Row* row : block.rows) rows.push_back(RowJson(*row, axis, shared));
  for (const Headline* headline : block.headlines) comparisons.push_back(ComparisonJson(*headline));
  json["rows"] = rows;
  Put(json, "comparisons", comparisons);
  return json;
}

// ---- A setting -----------------------------------------------------------------------------

Json SummaryJson(const SelectorSummary& summary) {
  Json json = {{"selector", summary.selector},
               {"num_methods", summary.num_methods},
               {"num_compared", summary.num_compared}};
  if (summary.median_share.has_value()) {
    json["median"] =
        Numbers(summary.median_share, summary.median_share_low, summary.median_share_high);
    json["worst"] = Numbers(summary.worst_share, summary.worst_share_low, summary.worst_share_high);
    json["worst_method"] = summary.worst_method;
  }
  Put(json, "cpu", Number(summary.median_cost_share));
  Put(json, "flops", Number(summary.median_flops_share));
  Put(json, "to_match", Number(summary.median_retrainings_to_match));
  return json;
}

Json OriginsJson(const Board& board, const std::string& setting) {
  std::map<std::string, Json> by_fields;
  for (const MethodFacts& facts : board.methods) {
    if (facts.setting != setting) continue;
    const Provenance& from = facts.provenance;
    Json origin = {{"program_version", from.program_version()},
                   {"build_mode", from.build_mode()},
                   {"torch_version", from.torch_version()},
                   {"zoo_recipe_digest", from.zoo_recipe_digest()},
                   {"ground_truth_digest", from.ground_truth_digest()},
                   {"data_digest", from.data_digest()}};
    Json& merged = by_fields.emplace(origin.dump(), origin).first->second;
    merged["methods"].push_back(facts.method);
    merged["date"] = std::max(merged.value("date", std::string()), from.date());
  }
  Json origins = Json::array();
  for (const auto& [fields, origin] : by_fields) origins.push_back(origin);
  return origins;
}

// ---- The sensitivity study -------------------------------------------------------------------

// The values of the metric at `dampings`; null where there is none.
Json CurveValues(const SensitivityPoint& point, const std::vector<double>& dampings,
                 const std::string& metric) {
  Json values = Json::array();
  if (point.curve().empty()) return values;
  for (const double damping : dampings) {
    Json value = nullptr;
    for (const GridPoint& at : point.curve()) {
      const auto found = at.metrics().find(metric);
      if (at.damping() == damping && found != at.metrics().end()) value = Number(found->second);
    }
    values.push_back(value);
  }
  return values;
}

Json PointJson(const SensitivityPoint& point, const std::vector<double>& dampings,
               const std::string& metric) {
  Json json = {{"hyperparameter", point.hyperparameter()}, {"value", point.value()}};
  Json scores = Json::object();
  for (const Entry& entry : point.entries()) {
    if (entry.status() != OK) {
      json["failure"] = OneLine(StatusName(entry.status()) + ": " + entry.message());
    }
    for (const MetricValue& value : entry.metrics()) {
      if (value.name() != metric) continue;
      scores[entry.tuner()] = IntervalJson(value.estimate());
      // In the unit of the curve: both know the absolute value.
      for (const GridPoint& at : point.curve()) {
        if (!entry.has_absolute_damping() || !(at.absolute_damping() > 0)) continue;
        scores[entry.tuner()].push_back(
            Number(entry.absolute_damping() * at.damping() / at.absolute_damping()));
        break;
      }
    }
  }
  Put(json, "scores", scores);
  Put(json, "curve", CurveValues(point, dampings, metric));
  return json;
}

Json StudyJson(const MethodSensitivity& study, const std::string& metric) {
  const SensitivityPoint& first = study.points(0);
  std::vector<double> dampings;
  for (const GridPoint& point : first.curve()) dampings.push_back(point.damping());
  Json defaults = Json::object(), points = Json::array(), damping = Json::array();
  const auto& values = first.provenance().hyperparameters();
  for (const auto& [name, value] : Texts(values.begin(), values.end())) {
    if (name != "damping grid") defaults[name] = OneLine(value);
  }
  for (const SensitivityPoint& point : study.points()) {
    points.push_back(PointJson(point, dampings, metric));
  }
  for (const double value : dampings) damping.push_back(Number(value));
  Json json = {{"method", study.method()}, {"damped", study.damped()}, {"defaults", defaults}};
  Put(json, "damping", damping);
  json["points"] = points;
  return json;
}

// Of one setting, by method.
Json StudiesJson(const std::vector<MethodSensitivity>& studies, const SettingFacts& setting) {
  std::map<std::string, const MethodSensitivity*> by_method;
  for (const MethodSensitivity& study : studies) {
    if (study.setting().name() == setting.name()) by_method[study.method()] = &study;
  }
  Json json = Json::array();
  for (const auto& [method, study] : by_method) {
    json.push_back(StudyJson(*study, setting.metrics(0).name()));
  }
  return json;
}

// ---- Removal -------------------------------------------------------------------------------

Json RemovalPointJson(const RemovalPoint& point) {
  Json json = {{"tuners", std::vector<std::string>(point.tuners().begin(), point.tuners().end())},
               {"status", StatusName(point.status())}};
  Put(json, "message", OneLine(point.message()));
  Put(json, "damping_text", OneLine(point.damping()));
  if (point.status() != OK) return json;
  json["lds"] = Number(point.lds());
  json["fall"] = IntervalJson(point.fall());
  Json steps = Json::array();
  for (const RemovalStep& step : point.steps()) {
    Json& numbers = steps.emplace_back(IntervalJson(step.fall()));
    numbers.insert(numbers.begin(), Number(step.share()));
  }
  json["steps"] = steps;
  json["flipped"] = NumFlipped(point);
  json["num_tests"] = point.smallest_flip_size();
  return json;
}

// Of one setting; null without studies.
Json RemovalsJson(const std::vector<MethodRemoval>& studies, const SettingFacts& setting) {
  std::vector<MethodRemoval> of_setting;
  for (const MethodRemoval& study : studies) {
    if (study.setting().name() == setting.name()) of_setting.push_back(study);
  }
  if (of_setting.empty()) return nullptr;
  SortByFall(of_setting);
  Json methods = Json::array(), gains = Json::array();
  for (const MethodRemoval& study : of_setting) {
    Json points = Json::array();
    for (const RemovalPoint& point : study.points()) points.push_back(RemovalPointJson(point));
    methods.push_back({{"method", study.method()}, {"points", points}});
  }
  for (const TunerGain& gain : GainsOverConstant(of_setting)) {
    gains.push_back({{"tuner", gain.tuner},
                     {"num_methods", gain.num_methods},
                     {"gain", Numbers(gain.gain.value, gain.gain.low, gain.gain.high)}});
  }
  return {{"methods", methods}, {"gains", gains}};
}

Json SettingJson(const Board& board, const SettingFacts& setting, const PageStudies& studies) {
  const std::string& name = setting.name();
  const Resolution resolution = ResolutionOf(board, name);
  Json facts = Json::array(), selectors = Json::array(), methods = Json::array();
  for (const auto& [label, text] : Facts(board, setting)) facts.push_back({label, text});
  for (const SelectorSummary& summary : board.summaries) {
    if (summary.setting == name) selectors.push_back(SummaryJson(summary));
  }
  const MetricFacts metric = setting.metrics().empty() ? MetricFacts() : setting.metrics(0);
  for (const MethodBlock& block : MethodBlocks(board, name)) {
    const auto found =
        std::find_if(board.methods.begin(), board.methods.end(), [&](const MethodFacts& facts) {
          return facts.setting == name && facts.method == block.method;
        });
    methods.push_back(
        MethodJson(block, found == board.methods.end() ? MethodFacts() : *found, metric.name()));
  }
  Json json = {{"name", name},
               {"dataset", OneLine(setting.dataset())},
               {"synthetic", setting.synthetic()},
               {"facts", facts},
               {"metric", MetricTitle(metric.name())},
               {"unit", metric.unit()},
               {"higher_is_better", metric.direction() == HIGHER_IS_BETTER}};
  if (metric.has_ceiling()) json["ceiling"] = IntervalJson(metric.ceiling());
  Put(json, "floor", Number(resolution.floor));
  Put(json, "not_ranked", resolution.not_ranked);
  Put(json, "selectors", selectors);
  json["methods"] = methods;
  json["origins"] = OriginsJson(board, name);
  Put(json, "studies", StudiesJson(studies.sensitivity, setting));
  Put(json, "removals", RemovalsJson(studies.removal, setting));
  return json;
}

}  // namespace

std::string RenderPageData(const Board& board, const PageStudies& studies) {
  Json settings = Json::array();
  for (const SettingFacts& setting : board.settings) {
    settings.push_back(SettingJson(board, setting, studies));
  }
  return Json{{"settings", settings}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attribench
