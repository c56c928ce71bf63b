// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_SUBSET_PLAN_H_
#define ATTRIBENCH_DATASETS_ZOO_SUBSET_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/settings/setting.pb.h"

namespace attribench {

// One training of a zoo: its examples and its seed.
struct TrainingJob {
  enum class Kind { kFullData, kHalfData, kSubset };
  Kind kind;
  int64_t index;                  // the number of the checkpoint or of the subset
  int64_t repetition;             // of a subset: 0, ..., num_seeds - 1; otherwise 0
  std::vector<int64_t> examples;  // ascending, unless one is left out (see SubsetExamples)
  // For Train. No two jobs of a zoo share one, except for leave-one-out subsets: those of one
  // repetition do.
  uint64_t seed;

  // "full_03", "half_00", "subset_017_seed_2". Files are named after it.
  std::string Name() const;
};

// All num_train examples but those of `removed`, which are ascending. The last examples take the
// places of the removed ones, and the others stay where they are. With one seed, two trainings
// without as many examples then see the same batches but for these places: what differs is the
// effect of the examples, and less of it is noise.
std::vector<int64_t> ExamplesWithout(int64_t num_train, const std::vector<int64_t>& removed);

// The training examples of subset `index`, ascending: subset_fraction * num_train of them (rounded
// down), drawn from RandomStream(plan.seed, "subset", {index}).
//
// With plan.leave_one_out: ExamplesWithout one of plan.num_subsets examples that
// RandomStream(plan.seed, "left out") draws, ascending by index.
std::vector<int64_t> SubsetExamples(const SubsetPlan& plan, int64_t num_train, int64_t index);

// The training examples of half-data checkpoint `index`, ascending: num_train / 2 of them (rounded
// down), drawn from RandomStream(plan.seed, "half-data checkpoint", {index}) after the seed of the
// training. They do not depend on the ground truth's subsets.
std::vector<int64_t> HalfDataExamples(const CheckpointPlan& plan, int64_t num_train, int64_t index);

// Every training of a setting's zoo, in order: full-data checkpoints, half-data checkpoints, then
// the subsets, each with all its seeds.
std::vector<TrainingJob> TrainingJobs(const Setting& setting);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_SUBSET_PLAN_H_
