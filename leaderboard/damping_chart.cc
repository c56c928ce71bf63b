// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/damping_chart.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "leaderboard/number_text.h"

namespace attribench {
namespace {

constexpr int kBarWidth = 40;
constexpr int kMaxRows = 8;
constexpr absl::string_view kBegin = "<!-- chart: begin, ";
constexpr absl::string_view kEnd = "<!-- chart: end -->\n";

// The tuners to mark: names by their choices.
std::map<std::string, double> MarkedChoices(const MethodResult& result) {
  std::map<std::string, double> choices;
  const Entry* fixed = nullptr;
  const Entry* search = nullptr;
  for (const Entry& entry : result.entries()) {
    if (entry.status() != OK || !(entry.absolute_damping() > 0)) continue;
    if (entry.tuner_kind() == FIXED_VALUE && fixed == nullptr) fixed = &entry;
    if (entry.tuner_kind() == SELECTOR) choices[entry.tuner()] = entry.absolute_damping();
    if (entry.tuner_kind() == SEARCH &&
        (search == nullptr ||
         entry.tuning_cost().retrainings() > search->tuning_cost().retrainings())) {
      search = &entry;
    }
  }
  for (const Entry* entry : {fixed, search}) {
    if (entry != nullptr) choices[entry->tuner()] = entry->absolute_damping();
  }
  return choices;
}

}  // namespace

absl::StatusOr<std::string> RenderDampingChart(const MethodResult& result, int max_rows) {
  const int size = result.grid_size();
  if (size == 0 || result.setting().metrics().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the result of ", result.method(), " in ",
                                                   result.setting().name(),
                                                   " has no damping grid to draw"));
  }
  const std::string& metric = result.setting().metrics(0).name();
  const auto value = [&](const GridPoint& point) {
    const auto found = point.metrics().find(metric);
    return found == point.metrics().end() ? 0.0 : found->second;
  };
  double best = 0;
  for (const GridPoint& point : result.grid()) best = std::max(best, value(point));

  const int step = (size + max_rows - 1) / max_rows;
  std::map<int, std::vector<std::string>> marks;  // by the number of the grid point
  for (const auto& [tuner, lambda] : MarkedChoices(result)) {
    int nearest = 0;
    const auto distance = [&, of = lambda](int i) {
      return std::abs(std::log(result.grid(i).absolute_damping() / of));
    };
    for (int i = 0; i < size; i += step) {
      if (distance(i) < distance(nearest)) nearest = i;
    }
    marks[nearest].push_back(tuner);
  }
  const bool relative = result.grid(0).damping_unit() != "ABSOLUTE";
  std::string chart = absl::StrFormat(
      "```text\n%10s  %6s  %s in %s%s\n", "damping", "LDS", result.method(),
      result.setting().name(), relative ? ", damping as a multiple of the mean eigenvalue" : "");
  for (int i = 0; i < size; i += step) {
    const GridPoint& point = result.grid(i);
    const int width =
        best > 0 ? static_cast<int>(std::lround(kBarWidth * std::max(0.0, value(point)) / best))
                 : 0;
    std::string line = absl::StrFormat("%10.4g  %6s  %s", point.damping(), ScoreText(value(point)),
                                       std::string(width, '#'));
    if (const auto found = marks.find(i); found != marks.end()) {
      absl::StrAppend(&line, "  <- ", absl::StrJoin(found->second, ", "));
    }
    absl::StrAppend(&chart, line, "\n");
  }
  return absl::StrCat(chart, "```\n");
}

absl::StatusOr<std::string> ReplaceDampingChart(absl::string_view text,
                                                const std::vector<MethodResult>& results) {
  const size_t begin = text.find(kBegin), end = text.find(kEnd);
  if (begin == text.npos || end == text.npos || begin > end || text.rfind(kBegin) != begin ||
      text.rfind(kEnd) != end) {
    return absl::InvalidArgumentError(absl::StrCat("the lines '", kBegin,
                                                   "SETTING METHOD -->' and '", kEnd.substr(0, 19),
                                                   "' must be there once each, in this order"));
  }
  const size_t line_end = text.find('\n', begin);
  absl::string_view names = text.substr(begin + kBegin.size(), line_end - begin - kBegin.size());
  absl::ConsumeSuffix(&names, " -->");
  const std::vector<std::string> setting_and_method = absl::StrSplit(names, ' ');
  for (const MethodResult& result : results) {
    if (setting_and_method.size() != 2 || result.setting().name() != setting_and_method[0] ||
        result.method() != setting_and_method[1]) {
      continue;
    }
    const absl::StatusOr<std::string> chart = RenderDampingChart(result, kMaxRows);
    if (!chart.ok()) return chart.status();
    return absl::StrCat(text.substr(0, line_end + 1), *chart, text.substr(end));
  }
  return absl::NotFoundError(
      absl::StrCat("no recorded result of '", names, "' (the chart's setting and method)"));
}

}  // namespace attribench
