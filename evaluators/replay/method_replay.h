// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_METHOD_REPLAY_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_METHOD_REPLAY_H_

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "evaluators/replay/recorded_lds.h"
#include "evaluators/replay/replayed_tuning_problem.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuner.h"
#include "methods/cost_ledger.h"

namespace attribench {

// What a tuner chose for a method, what that cost and how good it is.
struct ReplayedChoice {
  absl::StatusOr<TunedPoint> tuned;
  Cost cost;                         // the tuning cost of an entry of a result
  absl::StatusOr<LdsAtDamping> lds;  // at the chosen damping; the tuner's status if it failed
};

// A choice compared with another one: shares of its LDS and of its cost. A share is absent where
// what it is a share of is not positive, or where one of the two failed.
struct ShareOfSearch {
  std::optional<double> lds;
  std::optional<std::pair<double, double>> interval;  // 95%, over subsets and test examples
  std::optional<double> flops, cpu;
};
ShareOfSearch Compare(const ReplayedChoice& choice, const ReplayedChoice& search);

// Lets tuners choose the damping of one recorded method. Keeps references, as RecordedLds.
class MethodReplay {
 public:
  MethodReplay(const TuningRecord& record, BlockKind block);

  // The tuner sees the tuning block, whatever block its choice is judged on. A tuner that throws
  // fails by the status of its exception.
  ReplayedChoice Choose(const Tuner& tuner) const;

 private:
  const TuningRecord& record_;
  const RecordedLds lds_;
};

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_METHOD_REPLAY_H_
