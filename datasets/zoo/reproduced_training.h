// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_
#define ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_

#include <string>

#include "datasets/dataset.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/zoo.h"

namespace attribench {

// For tests. Runs the training of a subset again (`job_name`: "subset_017_seed_2") and compares its
// outputs with the zoo's ground truth: same bits if the environment is that of the manifest,
// otherwise within tolerance (see Agreement). A difference, or an unknown name, fails the test.
void ExpectTrainingReproducesGroundTruth(const Setting& setting, const DatasetSplit& data,
                                         const Zoo& zoo, const std::string& job_name);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_
