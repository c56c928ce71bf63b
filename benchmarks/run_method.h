// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_
#define ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/result.pb.h"
#include "evaluators/replay/tuning_record.h"
#include "evaluators/tuners/tuner.h"
#include "methods/registry.h"

namespace attribench {

// Whether the method can run in the setting, by the facts of its hyperparameter file: see
// CheckRequirements. Computes nothing.
absl::Status CheckSuits(const LoadedSetting& loaded, const MethodVariant& variant);

// Makes the tuning record of one method, with its setting (evaluators/replay/tuning_record.h).
// Takes about as long as the tuners did.
using TuningRecording = std::function<absl::StatusOr<SettingRecord>()>;

// Fits the method once and makes an entry for every tuner, then evaluates every point of the
// damping grid. A method without damping has nothing to tune: it has one entry, called "default".
//
// A failure of the method is never an error here. It becomes an entry with a status and a message.
//
// `recording`, if given, gets a function that records the method for replays. It is null if the
// method has no damping or could not be fitted. The result is complete before and does not depend
// on it. The function keeps the fitted method in memory, and references to `loaded` and `variant`.
MethodResult RunMethod(const LoadedSetting& loaded, const MethodVariant& variant,
                       const std::vector<RegisteredTuner>& tuners,
                       TuningRecording* recording = nullptr);

// The result of a method that did not finish: the entries that RunMethod would have made, each with
// this status and message.
MethodResult FailedResult(const LoadedSetting& loaded, const MethodVariant& variant,
                          const std::vector<RegisteredTuner>& tuners, EntryStatus status,
                          const std::string& message);

// The status of an entry that failed with this error.
EntryStatus EntryStatusOf(const absl::Status& status);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_RUN_METHOD_H_
