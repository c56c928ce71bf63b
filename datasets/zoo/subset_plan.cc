// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/subset_plan.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_format.h"
#include "datasets/random_stream.h"
#include "datasets/settings/setting.h"

namespace attribench {
namespace {

// Gives the seed of the training first, then its examples.
RandomStream HalfDataStream(const CheckpointPlan& plan, int64_t index) {
  return RandomStream(plan.seed(), "half-data checkpoint", {static_cast<uint64_t>(index)});
}

}  // namespace

std::string TrainingJob::Name() const {
  switch (kind) {
    case Kind::kFullData:
      return absl::StrFormat("full_%02d", index);
    case Kind::kHalfData:
      return absl::StrFormat("half_%02d", index);
    case Kind::kSubset:
      break;
  }
  return absl::StrFormat("subset_%03d_seed_%d", index, repetition);
}

std::vector<int64_t> ExamplesWithout(int64_t num_train, const std::vector<int64_t>& removed) {
  std::vector<int64_t> examples(num_train);
  std::iota(examples.begin(), examples.end(), 0);
  const int64_t kept = num_train - static_cast<int64_t>(removed.size());
  const auto past_end = std::lower_bound(removed.begin(), removed.end(), kept);
  int64_t last = kept;  // the next of the last examples
  for (auto place = removed.begin(); place != past_end; ++place) {
    while (std::binary_search(past_end, removed.end(), last)) ++last;
    examples[*place] = last++;
  }
  examples.resize(kept);
  return examples;
}

std::vector<int64_t> SubsetExamples(const SubsetPlan& plan, int64_t num_train, int64_t index) {
  if (plan.leave_one_out()) {
    const int64_t left_out =
        RandomStream(plan.seed(), "left out").Sample(num_train, plan.num_subsets())[index];
    return ExamplesWithout(num_train, {left_out});
  }
  return RandomStream(plan.seed(), "subset", {static_cast<uint64_t>(index)})
      .Sample(num_train, SubsetSize(plan, num_train));
}

std::vector<int64_t> HalfDataExamples(const CheckpointPlan& plan, int64_t num_train,
                                      int64_t index) {
  RandomStream stream = HalfDataStream(plan, index);
  stream.Next64();  // the seed
  return stream.Sample(num_train, num_train / 2);
}

std::vector<TrainingJob> TrainingJobs(const Setting& setting) {
  const int64_t n = setting.dataset().num_train();
  const CheckpointPlan& checkpoints = setting.checkpoints();
  std::vector<TrainingJob> jobs;
  std::vector<int64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  for (int64_t i = 0; i < checkpoints.num_full_data(); ++i) {
    const uint64_t seed =
        RandomStream(checkpoints.seed(), "full-data seed", {static_cast<uint64_t>(i)}).Next64();
    jobs.push_back({TrainingJob::Kind::kFullData, i, 0, all, seed});
  }
  for (int64_t i = 0; i < checkpoints.num_half_data(); ++i) {
    const uint64_t seed = HalfDataStream(checkpoints, i).Next64();
    jobs.push_back({TrainingJob::Kind::kHalfData, i, 0, HalfDataExamples(checkpoints, n, i), seed});
  }
  const SubsetPlan& plan = setting.subset_plan();
  for (int64_t i = 0; i < plan.num_subsets(); ++i) {
    for (int64_t r = 0; r < plan.num_seeds(); ++r) {
      const auto of_subset = static_cast<uint64_t>(plan.leave_one_out() ? 0 : i);
      const uint64_t seed =
          RandomStream(plan.seed(), "subset seed", {of_subset, static_cast<uint64_t>(r)}).Next64();
      jobs.push_back({TrainingJob::Kind::kSubset, i, r, SubsetExamples(plan, n, i), seed});
    }
  }
  return jobs;
}

}  // namespace attribench
