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
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "evaluators/statistics/paired_bootstrap.h"
#include "google/protobuf/util/message_differencer.h"

namespace attribench {
namespace {

using ::google::protobuf::util::MessageDifferencer;

bool IsOk(const Row& row) { return row.entry.status() == OK; }

std::string Name(const Row& row) {
  return absl::StrCat("setting ", row.setting, ", method ", row.method, ", tuner ",
                      row.entry.tuner());
}

absl::Status CheckLds(const Row& row) {
  const Entry& entry = row.entry;
  if (!entry.has_lds() || !std::isfinite(entry.lds().value())) {
    return absl::InvalidArgumentError(absl::StrCat(
        Name(row), ": status OK, but LDS is ",
        entry.has_lds() ? absl::StrCat(entry.lds().value()) : "missing", "; it must be finite"));
  }
  if (entry.lds_per_test().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        Name(row), ": status OK, but lds_per_test has 0 values; at least 1 is needed"));
  }
  for (int i = 0; i < entry.lds_per_test_size(); ++i) {
    if (!std::isfinite(entry.lds_per_test(i))) {
      return absl::InvalidArgumentError(absl::StrCat(Name(row), ": status OK, but lds_per_test[", i,
                                                     "] is ", entry.lds_per_test(i),
                                                     "; it must be finite"));
    }
  }
  return absl::OkStatus();
}

std::optional<double> Share(double part, double whole) {
  const double share = part / whole;
  if (!(whole > 0) || !std::isfinite(share)) return std::nullopt;
  return share;
}

std::optional<int64_t> GridRetrainings(const Entry& entry) {
  absl::string_view digits = entry.tuner();
  int64_t m;
  if (!absl::ConsumePrefix(&digits, kGridSearchPrefix) || !absl::SimpleAtoi(digits, &m) || m <= 0) {
    return std::nullopt;
  }
  return m;
}

// `means` are those of `rows` in the resamples, empty for rows that are not OK.
std::vector<Headline> MakeHeadlines(const std::vector<Row>& rows,
                                    const std::vector<std::vector<double>>& means) {
  std::map<std::string, Headline> headlines;
  for (size_t s = 0; s < rows.size(); ++s) {
    const Row& selector = rows[s];
    if (!IsOk(selector) || !selector.damped || selector.entry.tuner() != kSelectorTuner) continue;
    Headline headline;
    headline.setting = selector.setting;
    headline.method = selector.method;
    const CostRecord& cost = selector.entry.tuning_cost();
    if (selector.entry.has_tuning_cost()) headline.selector_retrainings = cost.retrainings();
    const double lds = selector.entry.lds().value();

    size_t largest = rows.size();
    int64_t largest_m = 0;
    for (size_t g = 0; g < rows.size(); ++g) {
      if (!IsOk(rows[g]) || rows[g].method != selector.method) continue;
      const std::optional<int64_t> m = GridRetrainings(rows[g].entry);
      if (!m.has_value()) continue;
      if (*m > largest_m) {
        largest = g;
        largest_m = *m;
      }
      if (!ClearlyAbove(means[s], means[g])) {
        int64_t spent = *m;  // a setting may have had fewer subsets than were asked for
        if (rows[g].entry.has_tuning_cost()) {
          spent = std::min<int64_t>(spent, std::llround(rows[g].entry.tuning_cost().retrainings()));
        }
        headline.grid_retrainings_to_match =
            std::min(spent, headline.grid_retrainings_to_match.value_or(spent));
      }
    }
    if (largest < rows.size()) {
      const Entry& grid = rows[largest].entry;
      headline.grid_search = grid.tuner();
      headline.selector_lds_share = Share(lds, grid.lds().value());
      if (selector.entry.has_tuning_cost() && grid.has_tuning_cost()) {
        headline.selector_cost_share = Share(cost.cpu_seconds(), grid.tuning_cost().cpu_seconds());
        headline.selector_flops_share = Share(cost.flops(), grid.tuning_cost().flops());
      }
      std::vector<double> shares;
      for (int b = 0; b < PairedBootstrap::kResamples; ++b) {
        const std::optional<double> share = Share(means[s][b], means[largest][b]);
        if (share.has_value()) shares.push_back(*share);
      }
      if (shares.size() == PairedBootstrap::kResamples && headline.selector_lds_share.has_value()) {
        std::tie(headline.selector_lds_share_low, headline.selector_lds_share_high) =
            PercentileInterval(std::move(shares));
      }
    }
    headlines[selector.method] = std::move(headline);
  }
  std::vector<Headline> sorted;
  for (auto& [method, headline] : headlines) sorted.push_back(std::move(headline));
  return sorted;
}

// Fills in the ranks of one setting's rows and returns its headlines.
absl::StatusOr<std::vector<Headline>> RankRows(std::vector<Row>& rows) {
  const Row* first = nullptr;
  int num_ok = 0;
  for (const Row& row : rows) {
    if (!IsOk(row)) continue;
    ++num_ok;
    if (first == nullptr) first = &row;
    if (row.entry.lds_per_test_size() != first->entry.lds_per_test_size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(Name(row), ": ", row.entry.lds_per_test_size(),
                       " values of lds_per_test, but ", first->entry.lds_per_test_size(),
                       " in method ", first->method, ", tuner ", first->entry.tuner()));
    }
  }
  std::vector<std::vector<double>> means(rows.size());
  if (first != nullptr) {
    const PairedBootstrap bootstrap(first->entry.lds_per_test_size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (IsOk(rows[i])) means[i] = bootstrap.Means(rows[i].entry.lds_per_test());
    }
  }
  for (Row& row : rows) {
    row.rank = IsOk(row) ? Rank{1, num_ok}
                         : Rank{static_cast<int>(rows.size()), static_cast<int>(rows.size())};
  }
  for (size_t a = 0; a < rows.size(); ++a) {
    for (size_t b = 0; b < rows.size(); ++b) {
      if (a == b || !IsOk(rows[a]) || !IsOk(rows[b]) || !ClearlyAbove(means[a], means[b])) continue;
      ++rows[b].rank.low;
      --rows[a].rank.high;
    }
  }
  return MakeHeadlines(rows, means);
}

bool Before(const Row& a, const Row& b) {
  const auto key = [](const Row& row) {
    return std::make_tuple(!IsOk(row), row.rank.low, IsOk(row) ? -row.entry.lds().value() : 0.0,
                           absl::string_view(row.method), absl::string_view(row.entry.tuner()));
  };
  return key(a) < key(b);
}

}  // namespace

absl::StatusOr<Board> MakeBoard(std::vector<MethodResult> results) {
  std::map<std::string, SettingFacts> settings;
  std::map<std::string, std::vector<Row>> rows;
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (MethodResult& result : results) {
    const std::string setting = result.setting().name();
    const SettingFacts& facts = settings.emplace(setting, result.setting()).first->second;
    if (facts.SerializeAsString() != result.setting().SerializeAsString()) {
      std::string differences;
      MessageDifferencer differencer;
      differencer.ReportDifferencesToString(&differences);
      differencer.Compare(facts, result.setting());
      return absl::InvalidArgumentError(
          absl::StrCat("setting ", setting, ", method ", result.method(),
                       ": facts differ from another result's: ",
                       absl::StrReplaceAll(absl::StripSuffix(differences, "\n"), {{"\n", "; "}})));
    }
    for (Entry& entry : *result.mutable_entries()) {
      Row row;
      row.setting = setting;
      row.method = result.method();
      row.damped = result.damped();
      row.machine = result.machine();
      if (result.has_oracle_lds()) row.oracle_lds = result.oracle_lds();
      row.entry = std::move(entry);
      if (!seen.emplace(row.setting, row.method, row.entry.tuner()).second) {
        return absl::InvalidArgumentError(absl::StrCat(Name(row), ": two results of this entry"));
      }
      if (IsOk(row)) {
        const absl::Status status = CheckLds(row);
        if (!status.ok()) return status;
        row.ceiling_share = Share(row.entry.lds().value(), facts.noise_ceiling().value());
      } else {
        row.entry.clear_lds();
        row.entry.clear_lds_per_test();
      }
      rows[setting].push_back(std::move(row));
    }
  }
  Board board;
  for (auto& [name, facts] : settings) {
    board.settings.push_back(std::move(facts));
    std::vector<Row>& of_setting = rows[name];
    absl::StatusOr<std::vector<Headline>> headlines = RankRows(of_setting);
    if (!headlines.ok()) return headlines.status();
    std::sort(of_setting.begin(), of_setting.end(), Before);
    std::move(of_setting.begin(), of_setting.end(), std::back_inserter(board.rows));
    std::move(headlines->begin(), headlines->end(), std::back_inserter(board.headlines));
  }
  return board;
}

}  // namespace attribench
