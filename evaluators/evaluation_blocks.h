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

// Two disjoint halves. A tuner sees the tuning block only. A published metric is measured on the
// reporting block only.
struct EvaluationBlocks {
  EvaluationBlock tuning;     // even numbers
  EvaluationBlock reporting;  // odd numbers
};

// Every subset and every test example is in exactly one of the two blocks.
EvaluationBlocks SplitIntoBlocks(int64_t num_subsets, int64_t num_tests);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_EVALUATION_BLOCKS_H_
