// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_RETRAINING_H_
#define ATTRIBENCH_DATASETS_ZOO_RETRAINING_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/models/model.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/subset_plan.h"
#include "datasets/zoo/zoo.h"

namespace attribench {

// The result of one training.
struct TrainedJob {
  Parameters parameters;
  // For full-data training 0 only: the checkpoints along the run, latest first, without the end of
  // the run (that is `parameters`).
  std::vector<Parameters> along_run;
  at::Tensor negative_loss;  // [test] float32
  at::Tensor margin;         // [test] float32
  double cpu_seconds = 0;
  double reference_kernel_cpu_seconds = 0;  // on the same machine
  std::string cpu_model;
  double train_accuracy = 0;  // on the examples that the model was trained on
  double test_accuracy = 0;
};

// Runs one training in the calling thread, and limits LibTorch to one thread there. Internal if the
// training diverges: it says in which epoch which parameter, running statistic or output is not
// finite.
absl::StatusOr<TrainedJob> RunTrainingJob(const Setting& setting, const DatasetSplit& data,
                                          const TrainingJob& job);

// Receives the result of each training. Several workers may call it at the same time.
using TrainedJobSink = std::function<absl::Status(const TrainingJob&, const TrainedJob&)>;

// Runs trainings with `num_workers` single-threaded workers, shows a progress bar and gives each
// result to `sink`. The first error of a training or of the sink stops the run; the returned status
// names its training. InvalidArgument if num_workers < 1.
absl::Status RunTrainingJobs(const Setting& setting, const DatasetSplit& data,
                             const std::vector<TrainingJob>& jobs, int num_workers,
                             const TrainedJobSink& sink);

// How a repeated training of a subset compares with the zoo's record of that training.
//
// On the CPU model and libraries of the manifest, the outputs have the same bits. Elsewhere,
// rounding differs from the first step on. Training amplifies the difference, most of all in deep
// networks. But the model still learns the same from the same data in the same order. So the
// tolerance is relative: the rank correlation of test losses between the repeated training and
// its record must be higher than between that record and the record of any other training of the
// zoo (another seed of the subset, or another subset).
struct Agreement {
  bool same_bits = false;
  double rank_correlation = 0;  // between the repeated training and its record
  double nearest_other = 0;     // the greatest between that record and another record
  bool within_tolerance() const { return rank_correlation > nearest_other; }
};
// `job` is a training of a subset.
Agreement CompareWithGroundTruth(const TrainingJob& job, const TrainedJob& trained,
                                 const GroundTruth& truth);

// Makes the zoo of `setting` in `folder`. Trains what is missing with `num_workers` single-threaded
// workers and stores each finished training in a file of its own under <folder>/jobs. Then writes
// checkpoints, ground truth and, last, the manifest, and removes <folder>/jobs.
//
// The program may be killed at any moment and started again. A job file that is damaged or was made
// by another recipe or from other data is reported on standard error and trained again. A complete
// zoo is left alone. A zoo of another recipe or of other data is not overwritten:
// FailedPrecondition. The safetensors files do not depend on the number of workers or on
// interruptions.
//
// One program makes a zoo in a folder, or several train shards there: AlreadyExists names the other
// (see WorkLock).
absl::Status MakeZoo(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                     int num_workers);

// One of `count` parts of a zoo's trainings, numbered from 0.
struct Shard {
  int64_t index = 0;
  int64_t count = 1;
};

// Parses "index/count", for example "3/8". InvalidArgument if the text has another form or the
// index is not below the count.
absl::StatusOr<Shard> ParseShard(const std::string& text);

// Trains what is missing of one part and stores it under <folder>/jobs. MakeZoo makes the zoo from
// the parts later, and trains what is still missing. Several machines may train parts in the same
// folder at the same time.
absl::Status TrainShard(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                        int num_workers, const Shard& shard);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_RETRAINING_H_
