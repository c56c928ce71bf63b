// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_EVALUATION_BLOCKS_H_
#define ATTRIBENCH_EVALUATORS_EVALUATION_BLOCKS_H_

#include <cstdint>
#include <vector>

namespace attribench {

// One half of the subsets and one half of the test examples, by number.
struct EvaluationBlock {
  std::vector<int64_t> subsets;
  std::vector<int64_t> tests;
};

// Two disjoint halves. A tuner sees the tuning block only; a published LDS comes from the reporting
// block only.
struct EvaluationBlocks {
  EvaluationBlock tuning;     // even numbers
  EvaluationBlock reporting;  // odd numbers
};

EvaluationBlocks SplitIntoBlocks(int64_t num_subsets, int64_t num_tests);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_EVALUATION_BLOCKS_H_
