// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_TERMINAL_H_
#define ATTRIBENCH_LEADERBOARD_TERMINAL_H_

#include <string>

#include "leaderboard/board.h"

namespace attribench {

// The board as text: per setting its facts, its table, and a sentence for each headline. With
// `color`, ANSI codes mark titles, the entries that may be first, and failures. Sentences and
// messages are wrapped at 118 columns; a table is as wide as its longest cells.
std::string RenderTerminal(const Board& board, bool color);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_TERMINAL_H_
