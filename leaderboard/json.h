// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_JSON_H_
#define ATTRIBENCH_LEADERBOARD_JSON_H_

#include <string>
#include <vector>

#include "benchmarks/removal.pb.h"
#include "leaderboard/board.h"

namespace attribench {

// leaderboard.json, version 6, for programs. Keys come in this order, and every key is always
// there:
//
//   schema_version: 6
//   settings: [name, dataset, synthetic, model, num_train, num_test, num_parameters, num_subsets,
//     num_seeds, metrics [name, unit, direction, ceiling {value, low, high}],
//     resolution {floor, pairs, pairs_told_apart, not_ranked}]
//   entries: [setting, method, tuner, tuners, tuner_kind, status, message,
//     metrics {name: {value, low, high, ceiling, ceiling_share, oracle, oracle_at_edge, direction,
//     unit}}, hyperparameters {name: number or string}, absolute_damping, damping_at_edge,
//     criterion [damping, damping_unit, value], rank {low, high},
//     tuning_cost {retrainings, cpu_seconds, device_seconds, flops}, total_cost {the same, phases
//     {name: {the same}}}, wall_seconds, peak_memory_bytes, device]
//   headline: [setting, method, selector, search, metric, selector_value, search_value, share,
//     no_share, share_low, share_high, cost_share, flops_share, selector_retrainings,
//     search_retrainings, retrainings_to_match]
//   selectors: [setting, selector, num_methods, num_compared, share {median, low, high},
//     worst {method, share, low, high}, cost_share, flops_share, retrainings_to_match]
//   methods: [setting, method, curve [damping, damping_unit, absolute_damping,
//     metrics {name: {value, low, high}}], provenance {program_version, build_mode, torch_version,
//     date, zoo_recipe_digest, ground_truth_digest, data_digest, hyperparameters {name: string}}]
//   removals: [setting, method, tests, num_seeds, points [tuners, damping, status, message, lds,
//     fall {value, low, high}, fall_per_test, steps [share, removed, fall {value, low, high}],
//     smallest_flip, retrainings]]
//
// - Lists are in the board's order. Hyperparameters and phases are sorted by name. The metrics of a
//   setting and of an entry are in the setting's order; the first one ranks.
// - tuner_kind is fixed_value, search, selector or unspecified. status is ok, nan, singular,
//   out_of_memory, timeout, refused or error. direction is higher_is_better or lower_is_better.
// - A number that is missing or not finite is null. A headline's search is null if no search
//   succeeded. Shares are fractions, not percentages. Ranks are null, and there are no headlines,
//   if the setting is not ranked; resolution.not_ranked says why.
// - A selector's costs and retrainings_to_match are medians over the compared methods.
// - The curve of a method is on the reporting block; it is empty if the method has no damping.
//   Older results have no intervals there and an empty provenance.
// - tuners are all that the entry stands for: fixed rules that choose the same damping share one.
// - A hyperparameter is a number if its whole text is one.
// - Bytes that are not UTF-8 become U+FFFD. The same board gives the same bytes.
// - device is the GPU that the method ran on, null for the CPU. Where it is a GPU, cpu_seconds is
//   null, and so is a headline's cost_share: seconds of a process that waits are no cost.
//
// - removals are studies of benchmarks/removal.proto. The lists fall_per_test and smallest_flip
// have
//   the order of tests; a smallest_flip is null where none of the shares removed flips the test.
//
// What changed from version 5: `removals`.
//
// What changed from version 4: `device`, `device_seconds`.
//
// What changed from version 3: `selectors` and `methods`.
//
// What changed from version 2: `resolution` of a setting; `tuners`, `damping_at_edge` and
// `oracle_at_edge` of an entry, whose ranks may be null; `no_share` of a headline. There is a
// headline also where the selector failed, with selector_value null.
//
// What changed from version 1: `lds`, `oracle_lds` and `ceiling_share` of an entry are now in its
// `metrics`, and `noise_ceiling` of a setting in its `metrics`. Entries have `tuner_kind` and
// `criterion`. There is one headline per selector, with new names: selector_lds_share -> share,
// selector_cost_share -> cost_share, selector_flops_share -> flops_share,
// grid_retrainings_to_match -> retrainings_to_match, grid_search -> search.
//
// nlohmann::json prints it because protobuf's JSON printer writes 64-bit integers as strings and
// can neither print a missing number as null nor keep the order of a map.
std::string RenderJson(const Board& board, const std::vector<MethodRemoval>& removals = {});

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_JSON_H_
