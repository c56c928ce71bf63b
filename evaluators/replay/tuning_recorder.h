// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORDER_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORDER_H_

#include <string>

#include "datasets/zoo/zoo.h"
#include "evaluators/evaluation_blocks.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/live_tuning_problem.h"
#include "methods/cost_ledger.h"

namespace attribench {

// Fractions at which the held-out criterion is recorded, besides the method's own, if the method
// has features of its own. (Elsewhere each would take a fit of the method.)
inline constexpr double kRecordedFractions[] = {.5, .25, .0625};

// Records a damped method with a grid, after its tuners have run: what they left in sources.sweep
// and in sources.curves, which must not be null, and what of the grid they did not look at. A curve
// over other dampings than the grid, or its points above 0, is left out. sources.block is the
// tuning block of `blocks`. `scoring_correction`: see TuningRecord. What fails, by a status or by
// an exception, is recorded as such. The caller adds hyperparameters and provenance.
TuningRecord RecordTuning(std::string method, const TuningSources& sources,
                          const EvaluationBlocks& blocks, const Cost& scoring_correction);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORDER_H_
