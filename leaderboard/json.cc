// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/json.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "leaderboard/wording.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using Json = nlohmann::ordered_json;

Json Number(std::optional<double> value) {
  return value.has_value() && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json IntervalJson(bool present, const Interval& interval) {
  const auto number = [present](double value) { return present ? Number(value) : Json(nullptr); };
  return {{"value", number(interval.value())},
          {"low", number(interval.low())},
          {"high", number(interval.high())}};
}

Json CostJson(bool present, const CostRecord& cost) {
  const auto number = [present](double value) { return present ? Number(value) : Json(nullptr); };
  return {{"retrainings", number(cost.retrainings())},
          {"cpu_seconds", number(cost.cpu_seconds())},
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
  return {{"name", setting.name()},
          {"dataset", setting.dataset()},
          {"synthetic", setting.synthetic()},
          {"model", setting.model()},
          {"num_train", setting.num_train()},
          {"num_test", setting.num_test()},
          {"num_parameters", setting.num_parameters()},
          {"num_subsets", setting.num_subsets()},
          {"num_seeds", setting.num_seeds()},
          {"noise_ceiling", IntervalJson(setting.has_noise_ceiling(), setting.noise_ceiling())}};
}

Json RowJson(const Row& row) {
  const Entry& entry = row.entry;
  Json hyperparameters = Json::object();
  for (const auto& [name, text] : std::map<std::string, std::string>(
           entry.hyperparameters().begin(), entry.hyperparameters().end())) {
    hyperparameters[name] = HyperparameterJson(text);
  }
  Json phases = Json::object();
  for (const auto& [name, cost] :
       std::map<std::string, CostRecord>(entry.phases().begin(), entry.phases().end())) {
    phases[name] = CostJson(true, cost);
  }
  Json total_cost = CostJson(entry.has_total_cost(), entry.total_cost());
  total_cost["phases"] = phases;
  return {{"setting", row.setting},
          {"method", row.method},
          {"tuner", entry.tuner()},
          {"status", StatusName(entry.status())},
          {"message", entry.message()},
          {"lds", IntervalJson(entry.has_lds(), entry.lds())},
          {"oracle_lds", Number(row.oracle_lds)},
          {"ceiling_share", Number(row.ceiling_share)},
          {"hyperparameters", hyperparameters},
          {"absolute_damping",
           entry.has_absolute_damping() ? Number(entry.absolute_damping()) : Json(nullptr)},
          {"rank", {{"low", row.rank.low}, {"high", row.rank.high}}},
          {"tuning_cost", CostJson(entry.has_tuning_cost(), entry.tuning_cost())},
          {"total_cost", total_cost},
          {"wall_seconds", Number(entry.wall_seconds())},
          {"peak_memory_bytes", entry.peak_memory_bytes()}};
}

Json HeadlineJson(const Headline& headline) {
  Json to_match = nullptr;
  if (headline.grid_retrainings_to_match.has_value()) {
    to_match = *headline.grid_retrainings_to_match;
  }
  Json grid_search = nullptr;
  if (!headline.grid_search.empty()) grid_search = headline.grid_search;
  return {{"setting", headline.setting},
          {"method", headline.method},
          {"selector_lds_share", Number(headline.selector_lds_share)},
          {"selector_cost_share", Number(headline.selector_cost_share)},
          {"grid_retrainings_to_match", to_match},
          {"selector_lds_share_low", Number(headline.selector_lds_share_low)},
          {"selector_lds_share_high", Number(headline.selector_lds_share_high)},
          {"selector_flops_share", Number(headline.selector_flops_share)},
          {"grid_search", grid_search}};
}

}  // namespace

std::string RenderJson(const Board& board) {
  Json settings = Json::array(), entries = Json::array(), headline = Json::array();
  for (const SettingFacts& setting : board.settings) settings.push_back(SettingJson(setting));
  for (const Row& row : board.rows) entries.push_back(RowJson(row));
  for (const Headline& h : board.headlines) headline.push_back(HeadlineJson(h));
  const Json root = {
      {"schema_version", 1}, {"settings", settings}, {"entries", entries}, {"headline", headline}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace attribench
