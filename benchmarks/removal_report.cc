// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/removal_report.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/text_table.h"
#include "evaluators/statistics/mean_over_tests.h"

namespace attribench {
namespace {

// The constant of the literature, with which the others are compared.
constexpr char kConstant[] = "mean_eigenvalue";

const RemovalPoint* PointOf(const MethodRemoval& method, const std::string& tuner) {
  for (const RemovalPoint& point : method.points()) {
    if (point.status() == OK && std::count(point.tuners().begin(), point.tuners().end(), tuner) > 0)
      return &point;
  }
  return nullptr;
}

// By tuner: for each method for which it chose another damping than the constant, the differences
// of the falls.
std::map<std::string, std::vector<std::vector<double>>> Differences(
    const std::vector<MethodRemoval>& studies) {
  std::map<std::string, std::vector<std::vector<double>>> differences;
  for (const MethodRemoval& method : studies) {
    const RemovalPoint* const at_constant = PointOf(method, kConstant);
    if (at_constant == nullptr) continue;
    for (const RemovalPoint& point : method.points()) {
      if (point.status() != OK || &point == at_constant) continue;
      for (const std::string& tuner : point.tuners()) {
        std::vector<double>& difference = differences[tuner].emplace_back();
        for (int t = 0; t < point.fall_per_test_size(); ++t) {
          difference.push_back(point.fall_per_test(t) - at_constant->fall_per_test(t));
        }
      }
    }
  }
  return differences;
}

}  // namespace

void SortByFall(std::vector<MethodRemoval>& studies) {
  const auto largest = [](const MethodRemoval& study) {
    double fall = 0;
    for (const RemovalPoint& point : study.points()) fall = std::max(fall, point.fall().value());
    return fall;
  };
  std::stable_sort(
      studies.begin(), studies.end(),
      [&](const MethodRemoval& a, const MethodRemoval& b) { return largest(a) > largest(b); });
}

int64_t NumFlipped(const RemovalPoint& point) {
  return std::count_if(point.smallest_flip().begin(), point.smallest_flip().end(),
                       [](double share) { return share > 0; });
}

std::string FallText(const Interval& fall) {
  return absl::StrFormat("%.2f [%.2f, %.2f]", fall.value(), fall.low(), fall.high());
}

std::vector<TunerGain> GainsOverConstant(const std::vector<MethodRemoval>& studies) {
  std::vector<TunerGain> gains;
  for (const auto& [tuner, differences] : Differences(studies)) {
    std::vector<double> mean(differences.front().size());
    for (const std::vector<double>& difference : differences) {
      for (size_t t = 0; t < mean.size(); ++t) {
        mean[t] += difference[t] / static_cast<double>(differences.size());
      }
    }
    gains.push_back({tuner, static_cast<int>(differences.size()), MeanOverTests(mean)});
  }
  return gains;
}

std::string RemovalTable(const std::vector<MethodRemoval>& studies) {
  using Alignment = TextColumn::Alignment;
  TextTable table({{{"method"}},
                   {{"tuners"}},
                   {{"damping"}, Alignment::kRight},
                   {{"LDS"}, Alignment::kRight},
                   {{"fall of the margin", "beyond random"}, Alignment::kRight},
                   {{"flipped"}, Alignment::kRight}});
  for (const MethodRemoval& method : studies) {
    for (const RemovalPoint& point : method.points()) {
      const std::string tuners = absl::StrJoin(point.tuners(), ", ");
      const std::string damping = point.damping().empty() ? "-" : point.damping();
      if (point.status() != OK) {
        table.AddRow({method.method(), tuners, damping, "-", "-", "-"});
        table.AddLine(absl::StrCat("  ", EntryStatus_Name(point.status()), ": ", point.message()));
        continue;
      }
      table.AddRow({method.method(), tuners, damping, absl::StrFormat("%.3f", point.lds()),
                    FallText(point.fall()),
                    absl::StrCat(NumFlipped(point), " of ", point.smallest_flip_size())});
    }
  }
  std::string text = table.Render();
  for (const TunerGain& of_tuner : GainsOverConstant(studies)) {
    const Estimate& gain = of_tuner.gain;
    absl::StrAppendFormat(&text, "\n%s against %s, %d methods: %+.3f [%+.3f, %+.3f]",
                          of_tuner.tuner, kConstant, of_tuner.num_methods, gain.value, gain.low,
                          gain.high);
  }
  if (text.back() != '\n') text += '\n';
  return text;
}

}  // namespace attribench
