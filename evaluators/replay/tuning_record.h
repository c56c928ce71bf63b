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
  absl::Status tuning;     // why they have no LDS in the tuning block
  absl::Status reporting;  // why they have no LDS in the reporting block
  Cost cost;
};

// What a choice is judged by: the LDS against the mean over seeds, as results have it. float64; NaN
// at a damping without LDS.
struct RecordedBlock {
  at::Tensor lds;      // of each test example of the block, [grid, tests]
  at::Tensor effects;  // of each subset on the mean (Measurement::per_subset), [grid, subsets]
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
  // TuningProblem::Lds with 2, 3, ... subsets: [grid, subsets - 1] float64. NaN where there is
  // none.
  at::Tensor lds_by_subsets;
  RecordedBlock tuning, reporting;
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

// All methods of one setting.
struct SettingRecord {
  std::string name;
  std::map<std::string, std::string> digests;  // of recipe, ground truth and data
  int64_t num_subsets = 0, num_tests = 0;      // of the setting: both blocks
  std::map<std::string, TuningRecord> methods;
};

// float64 values rounded to kRecordedBits significant bits, the relative error is at most 2^-12. A
// file keeps that much of the numbers of single test examples and subsets, which are most of it.
inline constexpr int kRecordedBits = 12;
at::Tensor Rounded(const at::Tensor& values);

// The place of a damping in a grid, by value and unit; grid.size() if it is not there.
size_t PlaceInGrid(const std::vector<Damping>& grid, const Damping& damping);

// InvalidArgument, with the first mistake, if shapes, types or ranges are not those above.
absl::Status CheckRecord(const SettingRecord& record);

// A gzipped safetensors file, with numbers Rounded: README.md describes it. The same record always
// gives the same bytes.
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
// the records are of different settings or digests.
absl::StatusOr<SettingRecord> MergeRecords(const std::vector<SettingRecord>& records);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_TUNING_RECORD_H_
