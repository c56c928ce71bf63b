// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/reproduced_training.h"

#include "datasets/environment.h"
#include "datasets/zoo/retraining.h"
#include "datasets/zoo/subset_plan.h"
#include "gtest/gtest.h"

namespace attribench {

void ExpectTheGroundTruthAgain(const Setting& setting, const DatasetSplit& data, const Zoo& zoo,
                               const std::string& job_name) {
  for (const TrainingJob& job : TrainingJobs(setting)) {
    if (job.Name() != job_name) continue;
    const Agreement agreement =
        CompareWithGroundTruth(job, *RunTrainingJob(setting, data, job), *zoo.ReadGroundTruth());
    if (DescribeEnvironment().SerializeAsString() ==
        zoo.manifest().environment().SerializeAsString()) {
      EXPECT_TRUE(agreement.same_bits);
    } else {
      EXPECT_TRUE(agreement.within_tolerance()) << agreement.rank_correlation;
    }
    return;
  }
  ADD_FAILURE() << setting.name() << " has no training " << job_name;
}

}  // namespace attribench
