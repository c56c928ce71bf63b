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

// What one training leaves.
struct TrainedJob {
  Parameters parameters;
  // Of full-data training 0: the checkpoints along the run, from its end back. The first is
  // `parameters` itself and left out.
  std::vector<Parameters> along_run;
  at::Tensor negative_loss;  // [test] float32
  at::Tensor margin;         // [test] float32
  double cpu_seconds = 0;
  std::string cpu_model;
  double train_accuracy = 0;  // on the examples it was trained on
  double test_accuracy = 0;
};

// Runs one training in the calling thread, which it sets to compute alone.
absl::StatusOr<TrainedJob> RunTrainingJob(const Setting& setting, const DatasetSplit& data,
                                          const TrainingJob& job);

// Takes what a training left; called by several workers at a time.
using TrainedJobSink = std::function<absl::Status(const TrainingJob&, const TrainedJob&)>;

// Runs trainings with `num_workers` single-threaded workers, under a progress bar, and hands each
// result over when it is there. The first error, a training's or the sink's, ends the run and comes
// back with the name of its training.
absl::Status RunTrainingJobs(const Setting& setting, const DatasetSplit& data,
                             const std::vector<TrainingJob>& jobs, int num_workers,
                             const TrainedJobSink& sink);

// How a subset trained again compares with the zoo's ground truth: the same bits, which the CPU
// model and libraries of the manifest promise, or how well the test examples' losses keep their
// ranks. Elsewhere rounding differs from the first step on and training amplifies it, in a deep
// network by much, yet the model learns the same from the same data in the same order. So it must
// be nearer to what the zoo has of this training than what the zoo has of any other training is:
// another seed of the subset, or another subset.
struct Agreement {
  bool same_bits = false;
  double rank_correlation = 0;
  double nearest_other = 0;  // the greatest rank correlation of the zoo's with another of the zoo
  bool within_tolerance() const { return rank_correlation > nearest_other; }
};
Agreement CompareWithGroundTruth(const TrainingJob& job, const TrainedJob& trained,
                                 const GroundTruth& truth);

// Makes the zoo of `setting` in `folder`: trains what is missing with `num_workers` single-threaded
// workers, keeping every finished training as a file of its own under <folder>/jobs, then writes
// checkpoints, ground truth and, last, the manifest. May be killed at any moment and started again;
// a job file that is damaged or of another recipe is named on standard error and trained again. The
// safetensors files do not depend on the number of workers or on interruptions.
absl::Status MakeZoo(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                     int num_workers);

// One of `count` parts, numbered from 0, of the trainings of a zoo.
struct Shard {
  int64_t index = 0;
  int64_t count = 1;
};

// "3/8". InvalidArgument where it is not of this form or the index is not below the count.
absl::StatusOr<Shard> ParseShard(const std::string& text);

// Trains what is missing of one part and leaves it at that: MakeZoo puts a zoo together when all
// parts are there, and trains what is missing or damaged. Parts may be trained at the same time, on
// several machines, in one folder.
absl::Status TrainShard(const Setting& setting, const DatasetSplit& data, const std::string& folder,
                        int num_workers, const Shard& shard);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_RETRAINING_H_
