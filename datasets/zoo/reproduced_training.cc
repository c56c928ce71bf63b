// SPDX-License-Identifier: Apache-2.0
#include "datasets/zoo/reproduced_training.h"

#include "datasets/environment.h"
#include "datasets/zoo/retraining.h"
#include "datasets/zoo/subset_plan.h"
#include "gtest/gtest.h"

namespace attribench {

void ExpectTrainingReproducesGroundTruth(const Setting& setting, const DatasetSplit& data,
                                         const Zoo& zoo, const std::string& job_name) {
  for (const TrainingJob& job : TrainingJobs(setting)) {
    if (job.kind != TrainingJob::Kind::kSubset || job.Name() != job_name) continue;
    const Agreement agreement =
        CompareWithGroundTruth(job, *RunTrainingJob(setting, data, job), *zoo.ReadGroundTruth());
    if (DescribeEnvironment().SerializeAsString() ==
        zoo.manifest().environment().SerializeAsString()) {
      EXPECT_TRUE(agreement.same_bits) << job_name << " has other bits";
    } else {
      EXPECT_TRUE(agreement.within_tolerance())
          << job_name << ": rank correlation " << agreement.rank_correlation
          << ", with the nearest other training " << agreement.nearest_other;
    }
    return;
  }
  ADD_FAILURE() << setting.name() << " has no training of a subset with the name " << job_name;
}

}  // namespace attribench
