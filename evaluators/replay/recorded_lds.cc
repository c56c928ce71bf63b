// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/recorded_lds.h"

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/strings/str_cat.h"

namespace attribench {
namespace {

LdsAtDamping WithEffects(const Measurement& measured, bool interpolated) {
  LdsAtDamping lds;
  lds.value = std::accumulate(measured.per_unit.begin(), measured.per_unit.end(), 0.0) /
              static_cast<double>(measured.per_unit.size());
  lds.effects.subsets = measured.per_subset;
  for (const double value : measured.per_unit) lds.effects.tests.push_back(value - lds.value);
  lds.interpolated = interpolated;
  return lds;
}

std::vector<double> Values(const at::Tensor& row) {
  const at::Tensor values = row.contiguous();
  return std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
}

// (1 - weight) a + weight b
std::vector<double> Between(const std::vector<double>& a, const std::vector<double>& b,
                            double weight) {
  std::vector<double> values;
  for (size_t i = 0; i < a.size(); ++i) values.push_back(a[i] + weight * (b[i] - a[i]));
  return values;
}

}  // namespace

RecordedLds::RecordedLds(const TuningRecord& record, BlockKind block)
    : record_(record), block_(block) {}

absl::StatusOr<Measurement> RecordedLds::AtPoint(size_t place) const {
  const bool tuning = block_ == BlockKind::kTuning;
  const RecordedSums& sums = record_.sums[place];
  if (!sums.exist.ok()) return sums.exist;
  if (const absl::Status& status = tuning ? sums.tuning : sums.reporting; !status.ok()) {
    return status;
  }
  const RecordedBlock& block = tuning ? record_.tuning : record_.reporting;
  const auto row = static_cast<int64_t>(place);
  Measurement measured;
  measured.per_unit = Values(block.lds[row]);
  measured.per_subset = Values(block.effects[row]);
  return measured;
}

Damping RecordedLds::InUnitOfGrid(const Damping& damping) const {
  const std::vector<Damping>& grid = record_.grid;
  if (damping.unit != ABSOLUTE || grid.front().unit == ABSOLUTE) return damping;
  for (size_t i = 0; i < grid.size(); ++i) {
    const double absolute = record_.absolute_dampings[i];
    if (absolute > 0 && grid[i].value > 0) {
      return {damping.value * (grid[i].value / absolute), grid[i].unit};
    }
  }
  return damping;
}

absl::StatusOr<LdsAtDamping> RecordedLds::At(const Damping& asked) const {
  const std::vector<Damping>& grid = record_.grid;
  const Damping damping = InUnitOfGrid(asked);
  if (const size_t place = PlaceInGrid(grid, damping); place < grid.size()) {
    const absl::StatusOr<Measurement> point = AtPoint(place);
    if (!point.ok()) return point.status();
    return WithEffects(*point, /*interpolated=*/false);
  }
  for (size_t i = 1; i < grid.size(); ++i) {
    const Damping &below = grid[i - 1], &above = grid[i];
    if (below.unit != damping.unit || !(below.value > 0) || !(below.value < damping.value) ||
        !(damping.value < above.value)) {
      continue;
    }
    const absl::StatusOr<Measurement> a = AtPoint(i - 1), b = AtPoint(i);
    if (!a.ok()) return a.status();
    if (!b.ok()) return b.status();
    const double weight =
        std::log(damping.value / below.value) / std::log(above.value / below.value);
    Measurement between;
    between.per_unit = Between(a->per_unit, b->per_unit, weight);
    between.per_subset = Between(a->per_subset, b->per_subset, weight);
    return WithEffects(between, /*interpolated=*/true);
  }
  return absl::UnimplementedError(absl::StrCat(
      "damping ", ToString(damping), " is not within the recorded grid of ", record_.method,
      ", which goes from ", ToString(grid.front()), " to ", ToString(grid.back())));
}

}  // namespace attribench
