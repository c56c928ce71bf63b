// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_TERMINAL_H_
#define ATTRIBENCH_LEADERBOARD_TERMINAL_H_

#include <string>

#include "leaderboard/board.h"

namespace attribench {

struct TerminalOptions {
  // ANSI codes mark titles, the entries that may hold rank 1, and failures.
  bool color = false;
  // Shows every entry. Otherwise at most two lines a method: the selector and the largest search on
  // retrained models; the best entry if the method has neither; a failed entry if there is room.
  bool all = false;
};

// The board as text: per setting its facts, the table of entries, and the table that compares
// selectors with grid search. The entries of one method stand together; the method with the best
// entry comes first. A method that failed with all its tuners, each time for the same reason, has
// one line.
//
// No line is longer than 120 columns: columns that do not fit are left out, and a line below the
// table says which. Long names and reasons are cut. With `all`, reasons are given in full, over as
// many lines as needed; a single word that is longer than a line is not broken.
std::string RenderTerminal(const Board& board, const TerminalOptions& options);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_TERMINAL_H_
