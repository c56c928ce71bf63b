// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {

std::string LeftOut(const std::vector<Damping>& dampings, const std::string& what) {
  std::string text;
  for (size_t i = 0; i < dampings.size(); ++i) {
    const char* before = i == 0 ? "left out " : i + 1 < dampings.size() ? ", " : " and ";
    absl::StrAppend(&text, before, ToString(dampings[i]));
  }
  if (!text.empty()) absl::StrAppend(&text, ": no ", what, " there");
  return text;
}

absl::StatusOr<TunedPoint> HighestPoint(const std::vector<Damping>& dampings,
                                        const std::vector<double>& values) {
  if (dampings.empty() || dampings.size() != values.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a criterion of ", values.size(),
                                                   " values over ", dampings.size(), " dampings"));
  }
  TunedPoint best;
  std::vector<Damping> left_out;
  double highest = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < dampings.size(); ++i) {
    if (!std::isfinite(values[i])) {
      left_out.push_back(dampings[i]);
      continue;
    }
    best.criterion.push_back({dampings[i], values[i]});
    if (values[i] > highest) {
      highest = values[i];
      best.damping = dampings[i];
    }
  }
  if (best.criterion.empty()) {
    return absl::DataLossError("the criterion has no value at any damping of the grid");
  }
  std::vector<std::string> messages;
  if (best.criterion.size() > 1 && (best.damping == best.criterion.front().damping ||
                                    best.damping == best.criterion.back().damping)) {
    messages.push_back("at the edge of its grid");
  }
  if (std::string points = LeftOut(left_out, "criterion"); !points.empty()) {
    messages.push_back(std::move(points));
  }
  best.message = absl::StrJoin(messages, "; ");
  return best;
}

namespace {

std::multimap<std::string, std::unique_ptr<Tuner>>& Tuners() {
  static auto* tuners = new std::multimap<std::string, std::unique_ptr<Tuner>>;
  return *tuners;
}

}  // namespace

absl::StatusOr<std::vector<RegisteredTuner>> RegisteredTuners() {
  std::vector<RegisteredTuner> result;
  for (const auto& [name, tuner] : Tuners()) {
    if (!result.empty() && result.back().name == name) {
      return absl::InvalidArgumentError(absl::StrCat("two tuners of the program are called ", name,
                                                     ": register one under another name"));
    }
    result.push_back({name, tuner.get()});
  }
  return result;
}

bool RegisterTuner(std::string name, std::unique_ptr<Tuner> tuner) {
  Tuners().emplace(std::move(name), std::move(tuner));
  return true;
}

}  // namespace attribench
