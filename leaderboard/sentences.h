// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_SENTENCES_H_
#define ATTRIBENCH_LEADERBOARD_SENTENCES_H_

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/result.pb.h"
#include "leaderboard/board.h"
#include "leaderboard/method_blocks.h"

namespace attribench {

// The sentences and facts around the tables that people read, each on one line.

// The facts that a setting's table rests on, as (label, text): dataset, model, sizes, noise
// ceiling, resolution, blocks, machines. The text of a synthetic dataset has the word SYNTHETIC.
std::vector<std::pair<std::string, std::string>> Facts(const Board& board,
                                                       const SettingFacts& setting);

// "out_of_memory: needs 9 GiB"; empty if the status is OK.
std::string Failure(const Row& row);

// Failures of one method that have the same text.
struct FailureGroup {
  std::string tuners;  // "mean_eigenvalue", "default, grid_search_5", "all 8 tuners"
  std::string text;    // Failure() of each
};

// In the order of the rows. "all tuners" are named so only if there is more than one.
std::vector<FailureGroup> Failures(const MethodBlock& block);

// For each selector of the setting, by name: "surrogate_indicator, on 14 damped methods, of which 1
// could not be compared: the selector failed (rps). The other 13: 99.1% of grid search's LDS in the
// median, 87.0% [85.2, 88.9] at worst (logra); 0.30% of its tuning CPU time in the median, 5.0% at
// most (fisher_10); 0.10% of its tuning FLOPs in the median, 2.0% at most (kfac)." Every damped
// method that has the selector counts. A setting that is not ranked has none.
std::vector<std::string> SelectorSentences(const Board& board, const std::string& setting);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_SENTENCES_H_
