// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_MARKDOWN_H_
#define ATTRIBENCH_LEADERBOARD_MARKDOWN_H_

#include <map>
#include <string>

#include "leaderboard/board.h"

namespace attribench {

struct MarkdownOptions {
  std::string title = "Leaderboard of training-data attribution";
  // Markdown below the title, and below the facts of each setting (by its name).
  std::string introduction =
      "How well each method's scores predict what retraining really does, and what it costs to "
      "choose its hyperparameters.";
  std::map<std::string, std::string> notes;
  bool fold_entries = false;  // the table of entries opens on a click
};

// The board as a page in GitHub's Markdown. Each setting has its facts, its note, a table with one
// line per method (and selector), its failures and the table of all entries. Below them: what each
// column means, and what was measured when.
std::string RenderMarkdown(const Board& board, const MarkdownOptions& options = {});

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_MARKDOWN_H_
