// SPDX-License-Identifier: Apache-2.0
#include "evaluators/replay/method_replay.h"

#include <exception>
#include <vector>

#include "datasets/exception_status.h"
#include "evaluators/statistics/share_interval.h"

namespace attribench {
namespace {

std::optional<double> Share(double part, double whole) {
  if (!(whole > 0)) return std::nullopt;
  return part / whole;
}

absl::StatusOr<TunedPoint> Tune(const Tuner& tuner, TuningProblem& problem) {
  try {
    // A fixed value takes no time. If its tuner asks the problem for anything, that is charged.
    std::optional<CostLedger::Phase> phase;
    if (tuner.kind() != TunerKind::kFixedValue) phase.emplace(problem.ledger(), "tuning");
    return tuner.Tune(problem);
  } catch (const std::exception& error) {
    return StatusOfException(error, "tuning");
  }
}

}  // namespace

MethodReplay::MethodReplay(const TuningRecord& record, BlockKind block)
    : record_(record), lds_(record, block) {}

ReplayedChoice MethodReplay::Choose(const Tuner& tuner) const {
  CostLedger ledger;
  ReplayedTuningProblem problem(record_, ledger);
  ReplayedChoice choice{Tune(tuner, problem), ledger.Total(), absl::UnknownError("")};
  if (problem.looked_at_dampings()) choice.cost += record_.scoring_correction;
  choice.cost = choice.cost.AtLeastZero();
  if (choice.tuned.ok()) {
    choice.tuned->damping = lds_.InUnitOfGrid(choice.tuned->damping);
    choice.lds = lds_.At(choice.tuned->damping);
  } else {
    choice.lds = choice.tuned.status();
  }
  return choice;
}

ShareOfSearch Compare(const ReplayedChoice& choice, const ReplayedChoice& search) {
  ShareOfSearch share;
  if (!choice.tuned.ok() || !search.tuned.ok()) return share;
  share.flops = Share(choice.cost.flops, search.cost.flops);
  // CPU seconds of a process that waits for a GPU say nothing.
  if (choice.cost.device_seconds == 0 && search.cost.device_seconds == 0) {
    share.cpu = Share(choice.cost.cpu_seconds, search.cost.cpu_seconds);
  }
  if (!choice.lds.ok() || !search.lds.ok()) return share;
  share.lds = Share(choice.lds->value, search.lds->value);
  const TwoWayEffects& effects = choice.lds->effects;
  const auto& bootstrap = TwoWayBootstrap::Of(static_cast<int>(effects.subsets.size()),
                                              static_cast<int>(effects.tests.size()));
  const std::vector<double> part = bootstrap.Deviations(effects),
                            whole = bootstrap.Deviations(search.lds->effects);
  share.interval = ShareInterval({choice.lds->value, part}, {search.lds->value, whole});
  return share;
}

}  // namespace attribench
