#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The leaderboard holds every method, tuner and setting that it was given, those from here and those
# of Attribench, each with a score, and says that the data are synthetic.
set -euo pipefail
page=board/LEADERBOARD.md
failures=0
expect() {  # HOW OFTEN, LINES LIKE THIS
  local found
  found=$(grep -cE "$2" "$page") || true
  [ "$found" -eq "$1" ] && return
  echo "FAILED: $found lines like '$2', expected $1" >&2
  failures=$((failures + 1))
}
row() {  # METHOD TUNER: in both settings, with an LDS
  expect 2 "^\| [0-9-]+ \| ${1//_/\\\\_} \| ${2//_/\\\\_} \| -?[0-9.]+ "
}
for tuner in default middle_of_grid grid_search_5 surrogate_indicator mean_eigenvalue; do
  row last_layer "$tuner"
done
row grad_dot default
row random default
expect 1 '^## bars\\_mlp'
expect 1 '^## glyphs\\_mlp'
expect 2 '^## .*SYNTHETIC'
[ "$failures" -eq 0 ] || { cat "$page" >&2; exit 1; }
