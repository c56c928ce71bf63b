// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/provenance.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

using Of = ProvenanceDifference::Of;

constexpr size_t kDigestLength = 64, kShownDigits = 12;

// Both values, shortened if both are digests that differ in their first digits.
std::pair<std::string, std::string> Shown(const std::string& before, const std::string& now) {
  const auto is_digest = [](const std::string& value) {
    return value.empty() || value.size() == kDigestLength;
  };
  const bool shorten = is_digest(before) && is_digest(now) &&
                       before.substr(0, kShownDigits) != now.substr(0, kShownDigits);
  const auto show = [&](const std::string& value) {
    if (value.empty()) return std::string("none");
    return shorten ? value.substr(0, kShownDigits) + ".." : value;
  };
  return {show(before), show(now)};
}

std::string Tuners(const MethodResult& result) {
  return absl::StrJoin(result.entries(), ", ", [](std::string* text, const Entry& entry) {
    absl::StrAppend(text, entry.tuner());
  });
}

}  // namespace

std::vector<ProvenanceDifference> CompareProvenance(const Provenance& before,
                                                    const Provenance& now) {
  std::vector<ProvenanceDifference> differences;
  const auto compare = [&](Of of, const std::string& what, const std::string& was,
                           const std::string& is) {
    if (was == is) return;
    auto [shown_was, shown_is] = Shown(was, is);
    differences.push_back({of, what, std::move(shown_was), std::move(shown_is)});
  };
  compare(Of::kFiles, "data digest", before.data_digest(), now.data_digest());
  compare(Of::kFiles, "zoo recipe digest", before.zoo_recipe_digest(), now.zoo_recipe_digest());
  compare(Of::kFiles, "ground-truth digest", before.ground_truth_digest(),
          now.ground_truth_digest());
  compare(Of::kProgram, "program version", before.program_version(), now.program_version());
  compare(Of::kBuild, "build mode", before.build_mode(), now.build_mode());
  compare(Of::kBuild, "LibTorch version", before.torch_version(), now.torch_version());
  compare(Of::kBuild, "device", before.device(), now.device());
  std::map<std::string, std::pair<std::string, std::string>> hyperparameters;
  for (const auto& [name, value] : before.hyperparameters()) hyperparameters[name].first = value;
  for (const auto& [name, value] : now.hyperparameters()) hyperparameters[name].second = value;
  for (const auto& [name, values] : hyperparameters) {
    compare(Of::kMethod, name, values.first, values.second);
  }
  return differences;
}

std::string ReasonToRunAgain(const MethodResult& recorded, const MethodResult& now) {
  if (!recorded.has_provenance()) return "the result there has no provenance";
  if (now.provenance().program_version().empty()) {
    return "this program does not know its version; make it with run_program "
           "(methods/run_program.bzl)";
  }
  std::vector<std::string> reasons;
  const auto differ = [&](const std::string& what, const std::string& there,
                          const std::string& here) {
    if (there == here) return;
    reasons.push_back(absl::StrCat(what, ": ", there, " in the result there, ", here, " now"));
  };
  differ("setting", recorded.setting().name(), now.setting().name());
  differ("method", recorded.method(), now.method());
  differ("tuners", Tuners(recorded), Tuners(now));
  for (const auto& difference : CompareProvenance(recorded.provenance(), now.provenance())) {
    differ(difference.what, difference.before, difference.now);
  }
  return absl::StrJoin(reasons, "; ");
}

}  // namespace attribench
