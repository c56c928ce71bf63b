// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <map>

#include "absl/strings/str_cat.h"

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
