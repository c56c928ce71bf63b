// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_JSON_H_
#define ATTRIBENCH_LEADERBOARD_JSON_H_

#include <string>

#include "leaderboard/board.h"

namespace attribench {

// leaderboard.json, version 1, for programs. Keys come in this order, and all are always there:
//
//   schema_version: 1
//   settings: [name, dataset, synthetic, model, num_train, num_test, num_parameters, num_subsets,
//     num_seeds, noise_ceiling {value, low, high}]
//   entries: [setting, method, tuner, status, message, lds {value, low, high}, oracle_lds,
//     ceiling_share, hyperparameters {name: number or string}, absolute_damping, rank {low, high},
//     tuning_cost {retrainings, cpu_seconds, flops}, total_cost {retrainings, cpu_seconds, flops,
//     phases {name: {retrainings, cpu_seconds, flops}}}, wall_seconds, peak_memory_bytes]
//   headline: [setting, method, selector_lds_share, selector_cost_share,
//     grid_retrainings_to_match, selector_lds_share_low, selector_lds_share_high,
//     selector_flops_share, grid_search]
//
// Lists are in the board's order; hyperparameters and phases by name. Status is one of ok, nan,
// singular, out_of_memory, timeout, refused, error. A number that is missing or not finite is null,
// and so is a grid_search where there is none. Shares are fractions, not percentages. A
// hyperparameter is a number where the whole of its text is one. Bytes that are not UTF-8 become
// U+FFFD. The same board gives the same bytes.
std::string RenderJson(const Board& board);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_JSON_H_
