// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_PAGE_PAGE_DATA_H_
#define ATTRIBENCH_LEADERBOARD_PAGE_PAGE_DATA_H_

#include <string>
#include <vector>

#include "benchmarks/removal.pb.h"
#include "benchmarks/sensitivity.pb.h"
#include "leaderboard/board.h"

namespace attribench {

// What the page shows besides the board, in any order. Studies of settings that the board does not
// have are left out.
struct PageStudies {
  std::vector<MethodSensitivity> sensitivity;
  std::vector<MethodRemoval> removal;
};

// The board as the page's scripts read it: JSON without white space. Programs of others read
// leaderboard.json, whose schema has a version; this one changes with the page.
//
//   settings: [name, synthetic, facts [[label, text]], metric, unit, higher_is_better, ceiling,
//     floor, not_ranked, selectors [selector summary], methods [method], origins [origin],
//     studies [study], removals {methods [removal], gains [gain]}]
//   selector summary: selector, num_methods, num_compared, median [value, low, high],
//     worst [value, low, high], worst_method, cpu, flops, to_match
//   method: name, damped, hyperparameters {those that all its rows share}, damping_unit,
//     curve {damping, value, low, high: lists; low and high may be empty}, rows [row],
//     comparisons [selector, search, share [value, low, high], no_share, cpu, flops, to_match]
//   row: tuners, kind, status, message, rank [low, high], value [value, low, high],
//     others {metric: [value, low, high]}, ceiling_share, damping (in the unit of the curve),
//     damping_text, at_edge, criterion {damping, value} of a selector,
//     tuning [retrainings, CPU seconds, FLOPs], total [the same], wall_seconds, memory
//   origin: methods [names], and the fields of Provenance; methods of one origin share all of them
//     except the date, which is the last one
//   study: method, damped, defaults {hyperparameter: value}, points [hyperparameter, value,
//     scores {tuner: [value, low, high, damping]}, failure, curve [values at `damping`]], damping
//     The first point has all defaults, and no hyperparameter.
//
//   removal: method, points [tuners, status, message, damping_text, lds, fall [value, low, high],
//     steps [[share, value, low, high]], flipped, num_tests]; the largest falls first
//   gain: tuner, num_methods, gain [value, low, high]: see TunerGain
//
// Lists are in the board's order. Numbers have five significant digits; null stands for one that is
// missing or not finite. A key whose value is null, an empty text or list may be absent.
std::string RenderPageData(const Board& board, const PageStudies& studies);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_PAGE_PAGE_DATA_H_
