// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_REMOVAL_SECTION_H_
#define ATTRIBENCH_LEADERBOARD_REMOVAL_SECTION_H_

#include <string>
#include <vector>

#include "benchmarks/removal.pb.h"

namespace attribench {

// A section of GitHub's Markdown: what becomes of models without the training examples that methods
// call helpful. One table for each setting, with a line for each method and damping, the methods
// whose models get worst first. Below it, each tuner against the constant of the literature. Empty
// without studies.
std::string RenderRemovals(const std::vector<MethodRemoval>& studies);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_REMOVAL_SECTION_H_
