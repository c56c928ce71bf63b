#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# regression_gate.sh RUN SPEED COMPARE [flags of COMPARE]
#
# Runs the methods of RUN and the suite of SPEED in the built-in setting, on one core, and holds both
# against the baseline. Times come from two processes, since what slows down one was not the code;
# within each, benchmarks are interleaved, so that a busy spell meets all of them.
set -euo pipefail
run=$1 speed=$2 compare=$3
shift 3
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

"$run" --setting=glyphs_mlp --threads=1 --output="$output/results"
for process in 1 2; do
  echo "regression: timing, process $process of 2" >&2
  "$speed" --setting=glyphs_mlp --threads=1 --first_variants \
    --benchmark_filter=-every_damping \
    --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true --benchmark_min_time=0.02 \
    --benchmark_out="$output/speed_$process.json" --benchmark_out_format=json >"$output/log" 2>&1 ||
    { cat "$output/log" >&2; exit 2; }
done
"$compare" --results="$output/results" --speed="$output/speed_1.json,$output/speed_2.json" "$@"
