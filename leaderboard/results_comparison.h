// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_RESULTS_COMPARISON_H_
#define ATTRIBENCH_LEADERBOARD_RESULTS_COMPARISON_H_

#include <string>
#include <vector>

#include "benchmarks/result_files.h"

namespace attribench {

// What became of one entry between two versions of the results.
struct EntryChange {
  enum class What {
    kMoved,   // each value lies outside of the other's interval
    kStatus,  // it failed and now does not, or the other way round, or otherwise
    kAdded,
    kRemoved,
  };
  std::string setting, method, tuner;
  What what = What::kMoved;
  std::string before, now;  // "0.481 [0.462, 0.516]", or the status with its reason; empty: none
};

struct ResultsComparison {
  std::vector<EntryChange> changes;  // by setting, method, tuner
  int num_same = 0;                  // entries of both that did not move
  // Settings whose results come from other data, another zoo or another ground truth, with the
  // reason. Their entries measure something else, and are not compared.
  std::vector<std::string> not_comparable;
};

// Compares by the first metric of each setting. Entries are found by setting, method and tuner.
ResultsComparison CompareResults(const std::vector<ResultFile>& before,
                                 const std::vector<ResultFile>& now);

// As text for a terminal: a table of the changes, and a last line that counts them.
std::string RenderComparison(const ResultsComparison& comparison);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_RESULTS_COMPARISON_H_
