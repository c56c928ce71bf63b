// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/regression.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "benchmarks/mann_whitney.h"
#include "benchmarks/provenance.h"
#include "benchmarks/text_table.h"
#include "evaluators/statistics/two_way_bootstrap.h"
#include "google/protobuf/util/message_differencer.h"
#include "nlohmann/json.hpp"

namespace attribench {
namespace {

using ::google::protobuf::util::MessageDifferencer;

class Comparison {
 public:
  void Add(Verdict verdict, const std::string& row, const std::string& quantity, std::string before,
           std::string now, std::string change) {
    movements_.push_back(
        {verdict, row, quantity, std::move(before), std::move(now), std::move(change)});
  }
  std::vector<Movement> movements() && { return std::move(movements_); }

 private:
  std::vector<Movement> movements_;
};

std::string Number(double value) { return absl::StrFormat("%.4g", value); }

const MetricValue* FindMetric(const Entry& entry, const std::string& name) {
  for (const MetricValue& value : entry.metrics()) {
    if (value.name() == name) return &value;
  }
  return nullptr;
}

std::string ShowMetric(const MetricValue* value) {
  return value == nullptr ? "none" : absl::StrFormat("%.3f", value->estimate().value());
}

void CompareMetric(const std::string& row, const MetricFacts& metric, const MetricValue& before,
                   const MetricValue& now, Comparison& to) {
  const std::string was = ShowMetric(&before), is = ShowMetric(&now);
  if (before.per_unit_size() != now.per_unit_size()) {
    to.Add(Verdict::kLoss, row, metric.name(), was, is,
           absl::StrCat("has ", now.per_unit_size(), " values, had ", before.per_unit_size()));
    return;
  }
  const int num_units = now.per_unit_size();
  if (num_units == 0) return;
  TwoWayEffects effects;
  double mean = 0;
  for (int i = 0; i < num_units; ++i) {
    effects.tests.push_back(now.per_unit(i) - before.per_unit(i));
    mean += effects.tests.back() / num_units;
  }
  // Equal up to rounding.
  if (std::all_of(effects.tests.begin(), effects.tests.end(),
                  [](double difference) { return std::abs(difference) < 1e-9; })) {
    return;
  }
  for (double& effect : effects.tests) effect -= mean;
  if (now.per_subset_size() == before.per_subset_size()) {
    for (int s = 0; s < now.per_subset_size(); ++s) {
      effects.subsets.push_back(now.per_subset(s) - before.per_subset(s));
    }
  }
  const auto& bootstrap = TwoWayBootstrap::Of(static_cast<int>(effects.subsets.size()), num_units);
  const auto [low_deviation, high_deviation] = PercentileInterval(bootstrap.Deviations(effects));
  const double low = mean + low_deviation, high = mean + high_deviation;
  const bool higher = low > 0 && mean > kMetricMargin, lower = high < 0 && mean < -kMetricMargin;
  const bool higher_is_better = metric.direction() == HIGHER_IS_BETTER;
  Verdict verdict = Verdict::kChanged;
  if (higher_is_better ? lower : higher) verdict = Verdict::kLoss;
  if (higher_is_better ? higher : lower) verdict = Verdict::kGain;
  to.Add(verdict, row, metric.name(), was, is,
         absl::StrFormat("%+.4f [%+.4f, %+.4f]", mean, low, high));
}

void CompareMetrics(const std::string& row, const SettingFacts& setting, const Entry& before,
                    const Entry& now, Comparison& to) {
  for (const MetricFacts& metric : setting.metrics()) {
    const MetricValue* was = FindMetric(before, metric.name());
    const MetricValue* is = FindMetric(now, metric.name());
    if (was != nullptr && is != nullptr) {
      CompareMetric(row, metric, *was, *is, to);
    } else if (was != is) {
      to.Add(is == nullptr ? Verdict::kLoss : Verdict::kAdded, row, metric.name(), ShowMetric(was),
             ShowMetric(is), "");
    }
  }
}

// A count of which more is worse. A change by at most `margin` times the baseline is kChanged.
void CompareCount(const std::string& row, const std::string& quantity, double before, double now,
                  double margin, Comparison& to) {
  if (before == now) return;
  const bool small = std::abs(now - before) <= margin * before;
  to.Add(small          ? Verdict::kChanged
         : now > before ? Verdict::kLoss
                        : Verdict::kGain,
         row, quantity, Number(before), Number(now),
         before > 0 ? absl::StrFormat("%+.2f%%", 100 * (now - before) / before) : "");
}

void CompareCost(const std::string& row, const std::string& of, const CostRecord& before,
                 const CostRecord& now, Comparison& to) {
  CompareCount(row, of + " retrainings", before.retrainings(), now.retrainings(), 0, to);
  CompareCount(row, of + " gradient evaluations", before.gradient_evaluations(),
               now.gradient_evaluations(), 0, to);
  CompareCount(row, of + " Hessian-vector products", before.hessian_vector_products(),
               now.hessian_vector_products(), 0, to);
  CompareCount(row, of + " flops", before.flops(), now.flops(), kFlopsMargin, to);
}

void CompareHyperparameters(const std::string& row, const Entry& before, const Entry& now,
                            Comparison& to) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : before.hyperparameters()) values[name].first = value;
  for (const auto& [name, value] : now.hyperparameters()) values[name].second = value;
  for (const auto& [name, value] : values) {
    const auto& [was, is] = value;
    if (was != is) to.Add(Verdict::kChanged, row, name, was, is, "");
  }
}

void CompareEntries(const std::string& row, const SettingFacts& setting, const Entry& before,
                    const Entry& now, Comparison& to) {
  if (before.status() != now.status()) {
    to.Add(before.status() == OK ? Verdict::kLoss
           : now.status() == OK  ? Verdict::kGain
                                 : Verdict::kChanged,
           row, "status", EntryStatus_Name(before.status()), EntryStatus_Name(now.status()),
           now.message());
    return;
  }
  if (now.status() != OK) return;
  CompareMetrics(row, setting, before, now, to);
  CompareHyperparameters(row, before, now, to);
  CompareCost(row, "tuning", before.tuning_cost(), now.tuning_cost(), to);
  CompareCost(row, "all", before.total_cost(), now.total_cost(), to);
}

std::map<std::string, const Entry*> ByTuner(const MethodResult& result) {
  std::map<std::string, const Entry*> entries;
  for (const Entry& entry : result.entries()) entries[entry.tuner()] = &entry;
  return entries;
}

// An entry in one word: the value of the metric that ranks it, or why it has none.
std::string Standing(const SettingFacts& setting, const Entry& entry) {
  if (entry.status() != OK || setting.metrics().empty()) return EntryStatus_Name(entry.status());
  return ShowMetric(FindMetric(entry, setting.metrics(0).name()));
}

// Describes the difference; empty if there is none. Floats need not agree in their last digits,
// since sums may be rounded in another order.
std::string FactsDifference(const SettingFacts& before, const SettingFacts& now) {
  std::string differences;
  MessageDifferencer differencer;
  differencer.set_float_comparison(MessageDifferencer::APPROXIMATE);
  differencer.ReportDifferencesToString(&differences);
  if (differencer.Compare(before, now)) return "";
  return absl::StrReplaceAll(absl::StripSuffix(differences, "\n"), {{"\n", "; "}});
}

// True if both results measure the same thing. Adds what differs, once for each setting. A baseline
// that was recorded without provenance is compared by the facts alone.
bool SameFiles(const MethodResult& before, const MethodResult& now,
               std::set<std::pair<std::string, std::string>>& said, Comparison& to) {
  const std::string& setting = now.setting().name();
  bool same = true;
  if (before.has_provenance()) {
    for (const auto& difference : CompareProvenance(before.provenance(), now.provenance())) {
      const bool of_files = difference.of == ProvenanceDifference::Of::kFiles;
      same = same && !of_files;
      // A gate compares versions of the program. What a method changed shows in its entries.
      if (difference.of == ProvenanceDifference::Of::kProgram ||
          difference.of == ProvenanceDifference::Of::kMethod) {
        continue;
      }
      if (!said.emplace(setting, difference.what).second) continue;
      to.Add(of_files ? Verdict::kLoss : Verdict::kChanged, setting, difference.what,
             difference.before, difference.now,
             of_files ? "measured on other files, so nothing is compared" : "");
    }
  }
  const std::string difference = FactsDifference(before.setting(), now.setting());
  if (difference.empty()) return same;
  if (same && said.emplace(setting, "facts").second) {
    to.Add(Verdict::kLoss, setting, "facts", "", "", difference);
  }
  return false;
}

// `prefix` stands before the name of each row.
void CompareMethods(const std::string& prefix, const MethodResult* before, const MethodResult* now,
                    Comparison& to) {
  const MethodResult& either = now != nullptr ? *now : *before;
  const std::map<std::string, const Entry*> none;
  const auto entries_before = before == nullptr ? none : ByTuner(*before);
  const auto entries_now = now == nullptr ? none : ByTuner(*now);
  std::set<std::string> tuners;
  for (const auto& [tuner, entry] : entries_before) tuners.insert(tuner);
  for (const auto& [tuner, entry] : entries_now) tuners.insert(tuner);
  for (const std::string& tuner : tuners) {
    const std::string row = absl::StrCat(prefix, either.method(), ", ", tuner);
    const auto was = entries_before.find(tuner), is = entries_now.find(tuner);
    if (is == entries_now.end()) {
      to.Add(Verdict::kLoss, row, "entry", Standing(before->setting(), *was->second), "gone", "");
    } else if (was == entries_before.end()) {
      to.Add(Verdict::kAdded, row, "entry", "none", Standing(now->setting(), *is->second), "");
    } else {
      CompareEntries(row, now->setting(), *was->second, *is->second, to);
    }
  }
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// The repetitions of several processes together.
Speeds Pool(const std::vector<Speeds>& runs) {
  Speeds pooled = runs.front();
  for (size_t i = 1; i < runs.size(); ++i) {
    for (const auto& [benchmark, times] : runs[i].times) {
      std::vector<double>& all = pooled.times[benchmark];
      all.insert(all.end(), times.begin(), times.end());
    }
  }
  return pooled;
}

}  // namespace

std::vector<Movement> CompareResults(const std::vector<MethodResult>& baseline,
                                     const std::vector<MethodResult>& now) {
  using Key = std::pair<std::string, std::string>;  // setting, method
  std::map<Key, std::pair<const MethodResult*, const MethodResult*>> methods;
  for (const MethodResult& result : baseline) {
    methods[{result.setting().name(), result.method()}].first = &result;
  }
  for (const MethodResult& result : now) {
    methods[{result.setting().name(), result.method()}].second = &result;
  }
  Comparison to;
  std::set<std::pair<std::string, std::string>> said;  // setting, what differs
  const bool one_setting =
      methods.empty() || methods.begin()->first.first == methods.rbegin()->first.first;
  for (const auto& [key, results] : methods) {
    const auto& [before, after] = results;
    if (before == nullptr || after == nullptr || SameFiles(*before, *after, said, to)) {
      CompareMethods(one_setting ? "" : key.first + ": ", before, after, to);
    }
  }
  return std::move(to).movements();
}

MethodResult WithoutMachine(MethodResult result) {
  result.clear_machine();
  if (result.has_provenance()) {
    result.mutable_provenance()->clear_date();
    result.mutable_provenance()->clear_program_version();
  }
  for (Entry& entry : *result.mutable_entries()) {
    entry.clear_wall_seconds();
    entry.clear_peak_memory_bytes();
    entry.mutable_tuning_cost()->clear_cpu_seconds();
    entry.mutable_total_cost()->clear_cpu_seconds();
    for (auto& [phase, cost] : *entry.mutable_phases()) cost.clear_cpu_seconds();
  }
  return result;
}

absl::StatusOr<Speeds> ParseSpeeds(const std::string& json, const std::string& name) {
  Speeds speeds;
  try {
    const nlohmann::json suite = nlohmann::json::parse(json);
    speeds.cpu_model = suite.at("context").at("cpu_model");
    speeds.setting = suite.at("context").at("setting");
    for (const nlohmann::json& run : suite.at("benchmarks")) {
      if (run.value("run_type", "") != "iteration") continue;  // the mean or median of other runs
      // Every name ends with "/manual_time".
      std::string benchmark = run.at("run_name");
      benchmark = std::string(absl::StripSuffix(benchmark, "/manual_time"));
      std::vector<double>& times = speeds.times[benchmark];
      if (!run.value("error_occurred", false)) times.push_back(run.at("x_reference"));
    }
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": not the output of a speed suite: ", error.what()));
  }
  return speeds;
}

absl::StatusOr<std::string> FastestOfSuites(const std::vector<std::string>& suites) {
  nlohmann::ordered_json fastest;
  fastest["context"] = fastest["benchmarks"] = nullptr;
  std::map<std::string, std::pair<double, nlohmann::ordered_json>> of_benchmark;
  try {
    for (const std::string& text : suites) {
      const nlohmann::json suite = nlohmann::json::parse(text);
      for (const char* field : {"cpu_model", "setting", "threads"}) {
        fastest["context"][field] = suite.at("context").at(field);
      }
      std::map<std::string, std::pair<std::vector<double>, nlohmann::ordered_json>> repetitions;
      for (const nlohmann::json& run : suite.at("benchmarks")) {
        if (run.value("run_type", "") != "iteration" || run.value("error_occurred", false))
          continue;
        nlohmann::ordered_json kept;
        for (const char* field : {"name", "run_name", "run_type", "repetition_index", "iterations",
                                  "real_time", "cpu_time", "time_unit", "x_reference"}) {
          kept[field] = run.at(field);
        }
        auto& [times, runs] = repetitions[run.at("run_name")];
        times.push_back(run.at("x_reference"));
        runs.push_back(std::move(kept));
      }
      for (auto& [benchmark, measured] : repetitions) {
        const double median = Median(measured.first);
        const auto found = of_benchmark.find(benchmark);
        if (found == of_benchmark.end() || median < found->second.first) {
          of_benchmark[benchmark] = {median, std::move(measured.second)};
        }
      }
    }
    for (auto& [benchmark, measured] : of_benchmark) {
      for (nlohmann::ordered_json& run : measured.second) {
        fastest["benchmarks"].push_back(std::move(run));
      }
    }
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("not the output of a speed suite: ", error.what()));
  }
  return fastest.dump(1) + "\n";
}

std::vector<Movement> CompareSpeeds(const Speeds& baseline, const std::vector<Speeds>& now) {
  Comparison to;
  const Speeds pooled = Pool(now);
  for (const auto& [benchmark, before] : baseline.times) {
    if (before.empty()) continue;
    const size_t slash = benchmark.find('/');
    const std::string row = benchmark.substr(0, slash);
    const std::string quantity = absl::StrCat("time, ", benchmark.substr(slash + 1));
    const double median_before = Median(before);
    const auto all = pooled.times.find(benchmark);
    if (all == pooled.times.end() || all->second.empty()) {
      to.Add(Verdict::kLoss, row, quantity, Number(median_before),
             all == pooled.times.end() ? "gone" : "failed", "");
      continue;
    }
    bool slower = true, faster = true;
    double worst_p_slower = 0, worst_p_faster = 0;
    for (const Speeds& run : now) {
      const auto found = run.times.find(benchmark);
      if (found == run.times.end() || found->second.empty()) {
        slower = faster = false;
        continue;
      }
      const std::vector<double>& times = found->second;
      worst_p_slower = std::max(worst_p_slower, MannWhitneyPValue(times, before));
      worst_p_faster = std::max(worst_p_faster, MannWhitneyPValue(before, times));
      slower = slower && Median(times) > kTimeMargin * median_before;
      faster = faster && Median(times) * kTimeMargin < median_before;
    }
    slower = slower && worst_p_slower < kTimeLevel;
    faster = faster && worst_p_faster < kTimeLevel;
    if (!slower && !faster) continue;
    const double median = Median(all->second);
    to.Add(slower ? Verdict::kLoss : Verdict::kGain, row, quantity,
           absl::StrCat(Number(median_before), " ref"), absl::StrCat(Number(median), " ref"),
           absl::StrFormat("x %.2f, p %.1g", median / median_before,
                           slower ? worst_p_slower : worst_p_faster));
  }
  for (const auto& [benchmark, times] : pooled.times) {
    if (times.empty() || baseline.times.count(benchmark) > 0) continue;
    const size_t slash = benchmark.find('/');
    to.Add(Verdict::kAdded, benchmark.substr(0, slash),
           absl::StrCat("time, ", benchmark.substr(slash + 1)), "none",
           absl::StrCat(Number(Median(times)), " ref"), "");
  }
  return std::move(to).movements();
}

std::string RenderMovements(std::vector<Movement> movements) {
  std::stable_sort(movements.begin(), movements.end(),
                   [](const Movement& a, const Movement& b) { return a.verdict < b.verdict; });
  TextTable table({{{""}}, {{"row"}}, {{"what"}}, {{"baseline"}}, {{"now"}}, {{"change"}}});
  for (const Movement& movement : movements) {
    static constexpr const char* kNames[] = {"LOSS", "CHANGED", "GAIN", "ADDED"};
    table.AddRow({kNames[static_cast<int>(movement.verdict)], movement.row, movement.quantity,
                  movement.before, movement.now, movement.change});
  }
  return table.Render();
}

}  // namespace attribench
