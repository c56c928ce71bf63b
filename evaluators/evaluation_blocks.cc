// SPDX-License-Identifier: Apache-2.0
#include "evaluators/evaluation_blocks.h"

namespace attribench {

EvaluationBlocks SplitIntoBlocks(int64_t num_subsets, int64_t num_tests) {
  EvaluationBlocks blocks;
  for (int64_t i = 0; i < num_subsets; ++i) {
    (i % 2 == 0 ? blocks.tuning : blocks.reporting).subsets.push_back(i);
  }
  for (int64_t i = 0; i < num_tests; ++i) {
    (i % 2 == 0 ? blocks.tuning : blocks.reporting).tests.push_back(i);
  }
  return blocks;
}

}  // namespace attribench
