// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_METHOD_BLOCKS_H_
#define ATTRIBENCH_LEADERBOARD_METHOD_BLOCKS_H_

#include <string>
#include <vector>

#include "leaderboard/board.h"

namespace attribench {

// One method in one setting, with all its tuners. Pointers are into the board.
struct MethodBlock {
  std::string method;
  std::vector<const Row*> rows;  // in the board's order; at least one
  // The row of kind SELECTOR with the first tuner by name, whatever its status. Null if there is
  // none.
  const Row* selector = nullptr;
  const Row* search = nullptr;             // LargestSearch of the rows
  std::vector<const Headline*> headlines;  // one per selector, in the board's order
  bool all_failed = false;                 // no row has status OK
};

// The methods of a setting, in the order of their first rows: methods with a good entry come first.
std::vector<MethodBlock> MethodBlocks(const Board& board, const std::string& setting);

// The first tuner of each row of kind FIXED_VALUE in the setting, by name. Methods without any good
// entry do not count.
std::vector<std::string> FixedTuners(const Board& board, const std::string& setting);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_METHOD_BLOCKS_H_
