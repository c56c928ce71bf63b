// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_LDS_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_LDS_H_

#include "absl/status/statusor.h"
#include "evaluators/metrics/metric.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/statistics/two_way_bootstrap.h"
#include "methods/damping.h"

namespace attribench {

enum class BlockKind { kTuning, kReporting };

// An LDS with what it owes to subsets and test examples.
struct LdsAtDamping {
  double value = 0;
  TwoWayEffects effects;
  bool interpolated = false;
};

// The LDS of one method on a block: that of results.
class RecordedLds {
 public:
  // Keeps a reference to `record`.
  RecordedLds(const TuningRecord& record, BlockKind block);

  // At a point of the grid, the LDS of a result. Between two points above 0, each test's value and
  // each subset's effect is interpolated linearly in log damping. An absolute damping is taken in
  // the grid's unit, if the record has absolute ones. Errors as those of the points;
  // Unimplemented elsewhere.
  absl::StatusOr<LdsAtDamping> At(const Damping& damping) const;

  // An absolute damping in the unit of the grid, as far as the record can say; any other as it is.
  Damping InUnitOfGrid(const Damping& damping) const;

 private:
  absl::StatusOr<Measurement> AtPoint(size_t place) const;

  const TuningRecord& record_;
  const BlockKind block_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_RECORDED_LDS_H_
