// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_TUNERS_REFERENCE_ATTRIBUTION_H_
#define ATTRIBENCH_EVALUATORS_TUNERS_REFERENCE_ATTRIBUTION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "evaluators/tuners/tuning_problem.h"
#include "methods/attribution_method.h"

namespace attribench {

// The attribution that stands for the truth where nothing is retrained: exact TRAK at one
// checkpoint of the task (methods/curvature/margin_fisher.h). It has features of its own, so the
// held-out criterion chooses its damping. It is fitted for one damping: no eigendecomposition of
// the whole matrix, but a Cholesky factor. Fitted on task.device. Errors as ComputeMarginFisher and
// AttributionTask::checkpoint.
absl::StatusOr<std::unique_ptr<FittedAttribution>> FitReference(const AttributionTask& task,
                                                                const CheckpointId& checkpoint,
                                                                CostLedger& ledger);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_TUNERS_REFERENCE_ATTRIBUTION_H_
