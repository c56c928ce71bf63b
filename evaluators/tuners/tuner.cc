// SPDX-License-Identifier: Apache-2.0
#include "evaluators/tuners/tuner.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace attribench {
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
