// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_MARKDOWN_H_
#define ATTRIBENCH_LEADERBOARD_MARKDOWN_H_

#include <string>

#include "leaderboard/board.h"

namespace attribench {

// The board as a page in GitHub's Markdown: per setting its facts, its headlines and its table;
// then what each column means, and what was measured in the run and what was recorded with the zoo.
std::string RenderMarkdown(const Board& board);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_MARKDOWN_H_
