// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_BENCHMARKS_IMPORTED_SCORES_H_
#define ATTRIBENCH_BENCHMARKS_IMPORTED_SCORES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/imported_cost.pb.h"
#include "benchmarks/loaded_setting.h"
#include "benchmarks/result.pb.h"
#include "datasets/formats/safetensors_file.h"
#include "evaluators/tuners/tuner.h"

namespace attribench {

// Attribution scores that another program wrote to a safetensors file. The file has either one
// tensor of any name, or several that are named by their absolute damping, "damping=0.01". Each is
// [train, test] of F16, BF16, F32 or F64; positive if the training example helps.
struct ImportedScores {
  SafetensorsFile file;
  std::vector<std::string> tensors;  // their names: one, or one for each damping
  std::vector<double> dampings;      // ascending; empty if there is no damping
  std::string digest;                // SHA-256 of the file
};

// Reads and checks the whole file. InvalidArgument, in one sentence that names file and tensor, if
// it is not as above, if its metadata "setting" name another setting, or if a score is not finite.
// A matrix [test, train] is named as the transpose. Errors also as SafetensorsFile::Open.
absl::StatusOr<ImportedScores> OpenScores(const std::string& path, const SettingFacts& setting);

// What the program that computed the scores says of them.
struct ScoresFacts {
  std::string name;                       // of the method
  std::optional<double> default_damping;  // one of the file's; absent: there is no default
  std::optional<ImportedCost> cost;       // absent: not stated
};

// The result of the scores as a method, as RunMethod makes it. Only tuners that need nothing but
// sums of scores have entries; the names of the others are added to `not_run`. Costs are those that
// are stated. If none are, the cost of attribution is absent, and that of tuning is the cost of
// retraining alone. InvalidArgument if the default damping is not in the file.
absl::StatusOr<MethodResult> EvaluateScores(const LoadedSetting& loaded,
                                            const ImportedScores& scores, const ScoresFacts& facts,
                                            const std::vector<RegisteredTuner>& tuners,
                                            std::vector<std::string>& not_run);

}  // namespace attribench

#endif  // ATTRIBENCH_BENCHMARKS_IMPORTED_SCORES_H_
