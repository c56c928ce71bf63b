// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/subset_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "gtest/gtest.h"

namespace attribench {
namespace {

Setting SmallSetting() {
  Setting setting;
  setting.mutable_dataset()->set_num_train(101);
  setting.mutable_subset_plan()->set_num_subsets(40);
  setting.mutable_subset_plan()->set_num_seeds(3);
  setting.mutable_subset_plan()->set_subset_fraction(0.5);
  setting.mutable_checkpoints()->set_num_full_data(2);
  setting.mutable_checkpoints()->set_num_half_data(2);
  return setting;
}

TEST(SubsetPlanTest, EveryJobIsThereAndNoSeedIsUsedTwice) {
  const std::vector<TrainingJob> jobs = TrainingJobs(SmallSetting());
  ASSERT_EQ(jobs.size(), 2 + 2 + 40 * 3);
  std::set<uint64_t> seeds;
  std::set<std::string> names;
  for (const TrainingJob& job : jobs) {
    seeds.insert(job.seed);
    names.insert(job.Name());
    EXPECT_EQ(job.examples.size(), job.kind == TrainingJob::Kind::kFullData ? 101 : 50)
        << job.Name();
    EXPECT_TRUE(std::is_sorted(job.examples.begin(), job.examples.end()));
  }
  EXPECT_EQ(seeds.size(), jobs.size());
  EXPECT_EQ(names.size(), jobs.size());
  EXPECT_EQ(names.count("subset_017_seed_2"), 1);
  EXPECT_EQ(names.count("full_01"), 1);
}

TEST(SubsetPlanTest, SeedsOfASubsetShareItsExamplesAndSubsetsDiffer) {
  const Setting setting = SmallSetting();
  const std::vector<TrainingJob> jobs = TrainingJobs(setting);
  EXPECT_EQ(jobs[4].examples, jobs[5].examples);
  EXPECT_NE(jobs[4].examples, jobs[7].examples);
  EXPECT_NE(jobs[2].examples, jobs[4].examples) << "halves must be independent of the subsets";
}

TEST(SubsetPlanTest, HalfDataExamplesAreThoseOfTheJobsAndHalvesDiffer) {
  const Setting setting = SmallSetting();
  const std::vector<TrainingJob> jobs = TrainingJobs(setting);
  for (int64_t i = 0; i < 2; ++i) {
    ASSERT_EQ(jobs[2 + i].kind, TrainingJob::Kind::kHalfData);
    EXPECT_EQ(HalfDataExamples(setting.checkpoints(), 101, i), jobs[2 + i].examples) << i;
  }
  EXPECT_NE(jobs[2].examples, jobs[3].examples);
}

TEST(SubsetPlanTest, EachLeaveOneOutSubsetLeavesOutAnotherExample) {
  Setting setting = SmallSetting();
  SubsetPlan& plan = *setting.mutable_subset_plan();
  plan.clear_subset_fraction();
  plan.set_leave_one_out(true);
  std::set<int64_t> left_out;
  for (int64_t m = 0; m < plan.num_subsets(); ++m) {
    const std::vector<int64_t> examples = SubsetExamples(plan, 101, m);
    ASSERT_EQ(examples.size(), 100u);
    const std::set<int64_t> different(examples.begin(), examples.end());
    ASSERT_EQ(different.size(), 100u);
    for (int64_t i = 0; i < 101; ++i) {
      if (different.count(i) == 0) left_out.insert(i);
    }
    // Every example but the last stays at its place.
    int64_t moved = 0;
    for (int64_t i = 0; i < 100; ++i) moved += examples[i] != i;
    EXPECT_LE(moved, 1);
  }
  EXPECT_EQ(left_out.size(), 40u);
}

TEST(SubsetPlanTest, LeaveOneOutTrainingsOfOneRepetitionShareTheirSeed) {
  Setting setting = SmallSetting();
  setting.mutable_subset_plan()->clear_subset_fraction();
  setting.mutable_subset_plan()->set_leave_one_out(true);
  std::set<uint64_t> seeds;
  for (const TrainingJob& job : TrainingJobs(setting)) seeds.insert(job.seed);
  EXPECT_EQ(seeds.size(), 2u + 2u + 3u);
  const std::vector<TrainingJob> jobs = TrainingJobs(setting);
  EXPECT_EQ(jobs[4].seed, jobs[7].seed);
  EXPECT_NE(jobs[4].seed, jobs[5].seed);
}

TEST(SubsetPlanTest, EveryExampleIsInAboutHalfOfTheSubsets) {
  Setting setting = SmallSetting();
  std::vector<int> count(101, 0);
  for (int64_t m = 0; m < 400; ++m) {
    for (const int64_t i : SubsetExamples(setting.subset_plan(), 101, m)) ++count[i];
  }
  // Five standard deviations of a binomial with 400 draws at 50/101.
  for (const int c : count) EXPECT_NEAR(c, 400 * 50.0 / 101, 5 * std::sqrt(400 * 0.25));
}

TEST(ExamplesWithoutTest, TheLastExamplesTakeThePlacesOfTheRemoved) {
  EXPECT_EQ(ExamplesWithout(6, {}), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(ExamplesWithout(6, {1}), (std::vector<int64_t>{0, 5, 2, 3, 4}));
  EXPECT_EQ(ExamplesWithout(6, {5}), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(ExamplesWithout(6, {0, 2}), (std::vector<int64_t>{4, 1, 5, 3}));
  EXPECT_EQ(ExamplesWithout(6, {0, 4}), (std::vector<int64_t>{5, 1, 2, 3}));
  EXPECT_EQ(ExamplesWithout(6, {1, 3, 4}), (std::vector<int64_t>{0, 5, 2}));
  EXPECT_TRUE(ExamplesWithout(3, {0, 1, 2}).empty());
}

}  // namespace
}  // namespace attribench
