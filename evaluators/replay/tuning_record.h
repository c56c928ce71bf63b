// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORD_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORD_H_

#include <map>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "methods/attribution_method.h"
#include "methods/cost_ledger.h"
#include "methods/damping.h"

namespace attribench {

// The end of the name of every file with a SettingRecord.
inline constexpr char kRecordSuffix[] = ".tuning.safetensors.gz";

// A curve of TuningCurves (live_tuning_problem.h), with its cost.
struct RecordedCurve {
  size_t first = 0;  // the dampings are those of the grid from this one on
  // [dampings] or [dampings, tuning tests] float64; NaN where there is no value.
  absl::StatusOr<at::Tensor> values;
  Cost cost;  // without that of preparing many dampings
  bool looked_at_dampings = false;
};

// TuningProblem::Moments of the grid's dampings above 0.
struct RecordedMoments {
  size_t first = 0;  // the dampings are those of the grid from this one on
  absl::Status together;
  Cost cost;
  // If all together failed, and not as Unimplemented: of one call for each damping.
  std::vector<absl::Status> alone;
  std::vector<Cost> alone_costs;
  // [dampings, tuning tests] float64, NaN where there are none. Undefined if there are none at all.
  SpectralMoments values;
  std::string of;  // TuningProblem::MomentsOf
};

// Sums of scores over the ground truth's subsets at one damping.
struct RecordedSums {
  absl::Status exist;      // why there are no sums
  absl::Status tuning;     // why they have no LDS in the tuning block: see CheckColumnsVary
  absl::Status reporting;  // why they have no LDS in the reporting block
  Cost cost;
};

// What a tuner can see of one method in one setting, over the whole grid of its damping, and what
// it takes to judge a choice.
struct TuningRecord {
  std::string method;
  Damping default_damping;
  std::vector<std::string> default_tuners;  // as in hyperparameters.proto
  double training_time = 0;                 // TuningProblem::training_time
  std::vector<Damping> grid;                // ascending, all of one unit
  std::vector<double> absolute_dampings;    // of the grid; NaN if the method cannot say
  // Of the sums of scores, among the subsets of the tuning block, for its test examples: twice the
  // rank from 1, where ties share the mean of their ranks. [grid, subsets, tests] int16; 0 at a
  // damping without sums.
  at::Tensor tuning_ranks;
  // In the reporting block, where choices are only judged: the LDS of each test example, [grid,
  // tests], and the effect of each subset on the mean (Measurement::per_subset), [grid, subsets].
  // float64; NaN at a damping without LDS.
  at::Tensor reporting_lds, reporting_effects;
  std::vector<RecordedSums> sums;  // of the grid
  RecordedMoments moments;
  std::map<std::string, RecordedCurve> curves;  // by the names of TuningCurves: "held_out 0.125"
  Cost retraining;                              // of one subset
  Cost many_dampings, preparation;              // as in DampingSweep
  // Added to the cost of a tuner that looked at dampings: the scores then come from the sweep, and
  // may cost less than those of a fit for one damping.
  Cost scoring_correction;
  std::map<std::string, std::string> hyperparameters;  // of the method, before tuning
  std::map<std::string, std::string> provenance;       // program version, date and so on
};

// All methods of one setting. Numbers of a damping and a test example or subset are rounded: see
// Rounded.
struct SettingRecord {
  std::string name;
  std::map<std::string, std::string> digests;  // of recipe, ground truth and data
  // Of the retrained models, minus the loss, [subsets, tests].
  at::Tensor outputs;             // float64: means over seeds
  at::Tensor first_seed_outputs;  // float32
  std::map<std::string, TuningRecord> methods;
};

// [m, t] -> [m, t] int16: twice the rank of each value in its column, as in TuningRecord.
at::Tensor TwiceRanks(const at::Tensor& values);

// float64 values rounded to 20 significant bits: the relative error is at most 1e-6. Zeros at the
// end of each number make the file smaller.
at::Tensor Rounded(const at::Tensor& values);

// The place of a damping in a grid, by value and unit; grid.size() if it is not there.
size_t PlaceInGrid(const std::vector<Damping>& grid, const Damping& damping);

// InvalidArgument, with the first mistake, if shapes, types or ranges are not those above.
absl::Status CheckRecord(const SettingRecord& record);

// A gzipped safetensors file: README.md describes it. The same record always gives the same bytes.
// Errors as CheckRecord.
absl::StatusOr<std::string> SerializeRecord(const SettingRecord& record);
absl::Status WriteRecord(const std::string& path, const SettingRecord& record);

// InvalidArgument or DataLoss, in one sentence that starts with the path, for a file that is
// damaged or something else. Errors also as in whole_file.h.
absl::StatusOr<SettingRecord> ReadRecord(const std::string& path);

// The paths of the records in a folder, in order. NotFound if there are none.
absl::StatusOr<std::vector<std::string>> RecordPaths(const std::string& folder);
// The name of a file of a record, without its end: that of the setting or of the method.
std::string RecordName(const std::string& path);

// The methods of all in one. InvalidArgument if there are none, if a method is there twice, or if
// the records are of different settings, digests or outputs.
absl::StatusOr<SettingRecord> MergeRecords(const std::vector<SettingRecord>& records);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORD_H_
