// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_
#define ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_

#include <string>

#include "datasets/dataset.h"
#include "datasets/settings/setting.pb.h"
#include "datasets/zoo/zoo.h"

namespace attribench {

// For tests: runs the training of that name again and expects what the zoo's ground truth has of
// it, to the bit in the environment of the manifest, within tolerance in others.
void ExpectTheGroundTruthAgain(const Setting& setting, const DatasetSplit& data, const Zoo& zoo,
                               const std::string& job_name);

}  // namespace attribench

#endif  // ATTRIBENCH_DATASETS_ZOO_REPRODUCED_TRAINING_H_
