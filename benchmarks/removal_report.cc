// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/removal_report.h"

#include <algorithm>
#include <map>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/text_table.h"
#include "evaluators/metrics/removal.h"

namespace attribench {
namespace {

// The constant of the literature, with which the others are compared.
constexpr char kConstant[] = "mean_eigenvalue";

std::string Text(const Interval& interval) {
  return absl::StrFormat("%.2f [%.2f, %.2f]", interval.value(), interval.low(), interval.high());
}

at::Tensor Falls(const RemovalPoint& point) {
  return at::tensor(std::vector<double>(point.fall_per_test().begin(), point.fall_per_test().end()),
                    at::kDouble);
}

const RemovalPoint* PointOf(const MethodRemoval& method, const std::string& tuner) {
  for (const RemovalPoint& point : method.points()) {
    if (point.status() == OK && std::count(point.tuners().begin(), point.tuners().end(), tuner) > 0)
      return &point;
  }
  return nullptr;
}

// By tuner: for each method for which it chose another damping than the constant, the differences
// of the falls.
std::map<std::string, std::vector<at::Tensor>> Differences(
    const std::vector<MethodRemoval>& methods) {
  std::map<std::string, std::vector<at::Tensor>> differences;
  for (const MethodRemoval& method : methods) {
    const RemovalPoint* const at_constant = PointOf(method, kConstant);
    if (at_constant == nullptr) continue;
    for (const RemovalPoint& point : method.points()) {
      if (point.status() != OK || &point == at_constant) continue;
      for (const std::string& tuner : point.tuners()) {
        differences[tuner].push_back(Falls(point).sub(Falls(*at_constant)));
      }
    }
  }
  return differences;
}

}  // namespace

std::string RemovalTable(const std::vector<MethodRemoval>& methods) {
  using Alignment = TextColumn::Alignment;
  TextTable table({{{"method"}},
                   {{"tuners"}},
                   {{"damping"}, Alignment::kRight},
                   {{"LDS"}, Alignment::kRight},
                   {{"fall of the margin", "beyond random"}, Alignment::kRight},
                   {{"flipped"}, Alignment::kRight}});
  for (const MethodRemoval& method : methods) {
    for (const RemovalPoint& point : method.points()) {
      const std::string tuners = absl::StrJoin(point.tuners(), ", ");
      const std::string damping = point.damping().empty() ? "-" : point.damping();
      if (point.status() != OK) {
        table.AddRow({method.method(), tuners, damping, "-", "-", "-"});
        table.AddLine(absl::StrCat("  ", EntryStatus_Name(point.status()), ": ", point.message()));
        continue;
      }
      const auto flipped = std::count_if(point.smallest_flip().begin(), point.smallest_flip().end(),
                                         [](double share) { return share > 0; });
      table.AddRow({method.method(), tuners, damping, absl::StrFormat("%.3f", point.lds()),
                    Text(point.fall()), absl::StrCat(flipped, " of ", point.smallest_flip_size())});
    }
  }
  std::string text = table.Render();
  for (const auto& [tuner, differences] : Differences(methods)) {
    const Estimate mean = MeanOverTests(at::stack(differences).mean(0));
    absl::StrAppendFormat(&text, "\n%s against %s, %d methods: %+.3f [%+.3f, %+.3f]", tuner,
                          kConstant, differences.size(), mean.value, mean.low, mean.high);
  }
  if (text.back() != '\n') text += '\n';
  return text;
}

}  // namespace attribench
