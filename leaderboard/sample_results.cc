// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/sample_results.h"

#include <numeric>
#include <utility>

namespace attribench {
namespace {

void AddCosts(double retrainings, double cpu_seconds, Entry& entry) {
  CostRecord& tuning = *entry.mutable_tuning_cost();
  tuning.set_retrainings(retrainings);
  tuning.set_cpu_seconds(cpu_seconds);
  tuning.set_flops(1e9 * cpu_seconds);
  CostRecord& fit = (*entry.mutable_phases())["fit"];
  fit.set_cpu_seconds(2.5);
  fit.set_flops(4e9);
  (*entry.mutable_phases())["tune"] = tuning;
  CostRecord& total = *entry.mutable_total_cost();
  total.set_retrainings(retrainings);
  total.set_cpu_seconds(cpu_seconds + 2.5);
  total.set_flops(tuning.flops() + 4e9);
  entry.set_wall_seconds(1.5);
  entry.set_peak_memory_bytes(int64_t{412} << 20);
}

// Of 250 tests, around `mean` by steps of .01.
std::vector<double> Around(double mean) {
  std::vector<double> values;
  for (int i = 0; i < 250; ++i) values.push_back(mean + .01 * (i % 10 - 4.5));
  return values;
}

void AddTuned(const std::string& tuner, TunerKindRecord kind, double lds, double damping,
              double retrainings, double cpu_seconds, MethodResult& result) {
  Entry entry = SampleEntry(tuner, Around(lds), kind);
  (*entry.mutable_hyperparameters())["damping"] = damping < .005 ? "1e-3" : "0.01 absolute";
  (*entry.mutable_hyperparameters())["checkpoints"] = "10";
  entry.set_absolute_damping(damping);
  AddCosts(retrainings, cpu_seconds, entry);
  AddEntry(std::move(entry), result);
}

}  // namespace

Entry SampleEntry(const std::string& tuner, const std::vector<double>& lds_per_test,
                  TunerKindRecord kind) {
  Entry entry;
  entry.set_tuner(tuner);
  entry.set_tuner_kind(kind);
  SetLds(lds_per_test, entry);
  return entry;
}

void SetLds(const std::vector<double>& lds_per_test, Entry& entry) {
  entry.clear_metrics();
  MetricValue& lds = *entry.add_metrics();
  lds.set_name("lds");
  for (const double value : lds_per_test) lds.add_per_unit(value);
  for (int s = 0; s < 50; ++s) lds.add_per_subset(0);
  const double mean =
      std::accumulate(lds_per_test.begin(), lds_per_test.end(), 0.0) / lds_per_test.size();
  lds.mutable_estimate()->set_value(mean);
  lds.mutable_estimate()->set_low(mean - .05);
  lds.mutable_estimate()->set_high(mean + .05);
}

Entry& AddEntry(Entry entry, MethodResult& result) {
  if (!entry.metrics().empty()) {
    result.mutable_setting()->set_num_reporting_tests(Lds(entry).per_unit_size());
  }
  Entry& added = *result.add_entries();
  added = std::move(entry);
  return added;
}

MetricValue& Lds(Entry& entry) { return *entry.mutable_metrics(0); }

MethodResult SampleResult(const std::string& setting, const std::string& method) {
  MethodResult result;
  SettingFacts& facts = *result.mutable_setting();
  facts.set_name(setting);
  facts.set_dataset("digits");
  facts.set_model("MLP 784-32-10");
  facts.set_num_train(5000);
  facts.set_num_test(500);
  facts.set_num_parameters(1234567);
  facts.set_num_subsets(100);
  facts.set_num_seeds(5);
  MetricFacts& lds = *facts.add_metrics();
  lds.set_name("lds");
  lds.set_unit("test example");
  lds.mutable_ceiling()->set_value(.8);
  lds.mutable_ceiling()->set_low(.75);
  lds.mutable_ceiling()->set_high(.85);
  facts.set_num_tuning_subsets(50);
  facts.set_num_reporting_subsets(50);
  facts.set_num_tuning_tests(250);
  facts.set_num_reporting_tests(250);
  result.set_method(method);
  result.set_damped(true);
  result.mutable_machine()->set_cpu_model("Example CPU");
  result.mutable_machine()->set_num_threads(1);
  result.mutable_machine()->set_torch_version("1.13.1");
  return result;
}

std::vector<MethodResult> SampleResults() {
  std::vector<MethodResult> results;
  for (const bool synthetic : {false, true}) {
    const std::string setting = synthetic ? "drawn" : "real";
    MethodResult sharp = SampleResult(setting, "sharp");
    MethodResult blunt = SampleResult(setting, "blunt");
    sharp.mutable_setting()->set_synthetic(synthetic);
    blunt.mutable_setting()->set_synthetic(synthetic);
    (*sharp.mutable_oracle())["lds"] = .42;
    AddTuned("default", FIXED_VALUE, .2, .001, 0, 0, sharp);
    AddTuned("grid_search_5", SEARCH, .3, .002, 5, 20, sharp);
    AddTuned("grid_search_20", SEARCH, .38, .02, 20, 80, sharp);
    AddTuned("grid_search_50", SEARCH, .4, .04, 50, 200, sharp);
    AddTuned(kSampleSelector, SELECTOR, .38, .02, 0, 2, sharp);
    blunt.set_damped(false);
    AddEntry(SampleEntry("default", Around(0)), blunt);
    if (synthetic) {
      Entry& failed = *blunt.add_entries();
      failed.set_tuner("mean_eigenvalue");
      failed.set_tuner_kind(FIXED_VALUE);
      failed.set_status(OUT_OF_MEMORY);
      failed.set_message("needs 9 GiB | 4 GiB\nare free");
    }
    results.push_back(std::move(sharp));
    results.push_back(std::move(blunt));
  }
  return results;
}

}  // namespace attribench
