#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The leaderboard has a row with a score for every method, tuner and setting in its lists, both those of
# this workspace and those of Attribench. It says that the data are synthetic.
set -euo pipefail
page=board/LEADERBOARD.md
failures=0
expect() {  # COUNT PATTERN: so many lines match
  local found
  found=$(grep -cE "$2" "$page") || true
  [ "$found" -eq "$1" ] && return
  echo "FAILED: $found lines like '$2', expected $1" >&2
  failures=$((failures + 1))
}
row() {  # METHOD TUNER: a row with an LDS in each of the two settings
  expect 2 "^\| [0-9-]+ \| ${1//_/\\\\_} \| ${2//_/\\\\_} \| -?[0-9.]+ "
}
# Two fixed rules that choose the same damping share a row.
for tuner in "default, mean_eigenvalue" held_out_half middle_of_grid grid_search_5 surrogate_indicator; do
  row last_two_layers "$tuner"
done
row grad_dot default
row random default
expect 1 '^## bars\\_mlp'
expect 1 '^## glyphs\\_mlp'
expect 2 '^## .*SYNTHETIC'
[ "$failures" -eq 0 ] || { cat "$page" >&2; exit 1; }
