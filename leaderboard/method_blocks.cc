// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/method_blocks.h"

#include <algorithm>
#include <map>
#include <set>

namespace attribench {

std::vector<MethodBlock> MethodBlocks(const Board& board, const std::string& setting) {
  std::vector<MethodBlock> blocks;
  std::map<std::string, size_t> places;
  for (const Row& row : board.rows) {
    if (row.setting != setting) continue;
    const auto [place, is_new] = places.emplace(row.method, blocks.size());
    if (is_new) blocks.emplace_back().method = row.method;
    blocks[place->second].rows.push_back(&row);
  }
  for (MethodBlock& block : blocks) {
    for (const Row* row : block.rows) {
      if (row->entry.tuner_kind() == SELECTOR &&
          (block.selector == nullptr || row->entry.tuner() < block.selector->entry.tuner())) {
        block.selector = row;
      }
    }
    block.search = LargestSearch(block.rows);
    block.all_failed = std::all_of(block.rows.begin(), block.rows.end(),
                                   [](const Row* row) { return row->entry.status() != OK; });
  }
  for (const Headline& headline : board.headlines) {
    const auto place = places.find(headline.method);
    if (headline.setting == setting && place != places.end()) {
      blocks[place->second].headlines.push_back(&headline);
    }
  }
  return blocks;
}

std::vector<std::string> FixedTuners(const Board& board, const std::string& setting) {
  std::set<std::string> tuners;
  for (const MethodBlock& block : MethodBlocks(board, setting)) {
    for (const Row* row : block.rows) {
      if (!block.all_failed && row->entry.tuner_kind() == FIXED_VALUE) {
        tuners.insert(row->entry.tuner());
      }
    }
  }
  return {tuners.begin(), tuners.end()};
}

}  // namespace attribench
