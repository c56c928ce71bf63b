// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/results_comparison.h"

#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "benchmarks/provenance.h"
#include "benchmarks/text_table.h"
#include "leaderboard/display_names.h"
#include "leaderboard/number_text.h"
#include "leaderboard/result_check.h"

namespace attribench {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;  // setting, method, tuner

struct EntryOf {
  const Entry* entry;
  const MetricValue* value;  // null if the entry failed
};

std::map<Key, EntryOf> EntriesOf(const std::vector<ResultFile>& files) {
  std::map<Key, EntryOf> entries;
  for (const auto& [path, result] : files) {
    for (const Entry& entry : result.entries()) {
      const MetricValue* value = entry.status() == OK && !result.setting().metrics().empty()
                                     ? FindMetric(entry, result.setting().metrics(0).name())
                                     : nullptr;
      entries[{result.setting().name(), result.method(), entry.tuner()}] = {&entry, value};
    }
  }
  return entries;
}

std::string Text(const EntryOf& of) {
  if (of.value != nullptr) return ScoreText(of.value->estimate());
  return OneLine(absl::StrCat(StatusName(of.entry->status()), ": ", of.entry->message()));
}

bool IsOutside(double value, const Interval& interval) {
  return value < interval.low() || value > interval.high();
}

// By setting: why its two versions cannot be compared.
std::map<std::string, std::string> OtherFiles(const std::vector<ResultFile>& before,
                                              const std::vector<ResultFile>& now) {
  std::map<std::string, const Provenance*> was;
  for (const ResultFile& file : before) {
    was.emplace(file.result.setting().name(), &file.result.provenance());
  }
  std::map<std::string, std::string> reasons;
  for (const ResultFile& file : now) {
    const auto found = was.find(file.result.setting().name());
    if (found == was.end()) continue;
    for (const auto& difference : CompareProvenance(*found->second, file.result.provenance())) {
      // Older results do not say what they were made from.
      if (difference.of != ProvenanceDifference::Of::kFiles || difference.before == "none") {
        continue;
      }
      reasons.emplace(found->first, absl::StrCat(difference.what, " was ", difference.before,
                                                 ", is ", difference.now));
    }
  }
  return reasons;
}

const char* Name(EntryChange::What what) {
  switch (what) {
    case EntryChange::What::kMoved:
      return "moved";
    case EntryChange::What::kStatus:
      return "status";
    case EntryChange::What::kAdded:
      return "new";
    default:
      return "gone";
  }
}

}  // namespace

ResultsComparison CompareResults(const std::vector<ResultFile>& before,
                                 const std::vector<ResultFile>& now) {
  ResultsComparison comparison;
  const std::map<std::string, std::string> other_files = OtherFiles(before, now);
  for (const auto& [setting, reason] : other_files) {
    comparison.not_comparable.push_back(absl::StrCat(setting, ": ", reason));
  }
  const std::map<Key, EntryOf> was = EntriesOf(before), is = EntriesOf(now);
  std::set<Key> keys;
  for (const auto& [key, entry] : was) keys.insert(key);
  for (const auto& [key, entry] : is) keys.insert(key);
  for (const Key& key : keys) {
    if (other_files.count(std::get<0>(key)) > 0) continue;
    EntryChange change;
    std::tie(change.setting, change.method, change.tuner) = key;
    const auto a = was.find(key), b = is.find(key);
    if (a != was.end()) change.before = Text(a->second);
    if (b != is.end()) change.now = Text(b->second);
    if (a == was.end() || b == is.end()) {
      change.what = a == was.end() ? EntryChange::What::kAdded : EntryChange::What::kRemoved;
    } else if (a->second.value == nullptr || b->second.value == nullptr) {
      change.what = EntryChange::What::kStatus;
      if (change.before == change.now) {
        ++comparison.num_same;
        continue;
      }
    } else {
      const Interval& x = a->second.value->estimate();
      const Interval& y = b->second.value->estimate();
      if (!IsOutside(y.value(), x) || !IsOutside(x.value(), y)) {
        ++comparison.num_same;
        continue;
      }
    }
    comparison.changes.push_back(std::move(change));
  }
  return comparison;
}

std::string RenderComparison(const ResultsComparison& comparison) {
  TextTable table({{{"setting"}}, {{"method"}}, {{"tuner"}}, {{"what"}}, {{"before"}}, {{"now"}}});
  std::map<EntryChange::What, int> counts;
  for (const EntryChange& change : comparison.changes) {
    ++counts[change.what];
    table.AddRow({OneLine(change.setting), OneLine(change.method), OneLine(change.tuner),
                  Name(change.what), change.before.empty() ? kNoNumber : change.before,
                  change.now.empty() ? kNoNumber : change.now});
  }
  std::string text = comparison.changes.empty() ? "" : absl::StrCat(table.Render(), "\n");
  for (const std::string& setting : comparison.not_comparable) {
    absl::StrAppend(&text, "not compared: ", setting, "\n");
  }
  return absl::StrCat(text, counts[EntryChange::What::kMoved], " moved beyond both intervals, ",
                      counts[EntryChange::What::kStatus], " with another status, ",
                      counts[EntryChange::What::kAdded], " new, ",
                      counts[EntryChange::What::kRemoved], " gone, ", comparison.num_same,
                      " the same within their intervals\n");
}

}  // namespace attribench
