#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# regression_gate.sh RUN SPEED COMPARE [--metric_methods=a,b] [flags of COMPARE]
#
# Runs the methods of RUN and the suite of SPEED in the built-in setting, on one core, and compares
# both with the baseline. The metrics that this setting does not have, leave-one-out and mislabelled
# examples, are measured in variants of it, for --metric_methods. Times are measured in two processes: a loss must show in both, because
# something other than the code may slow down one of them. Before the gate reports a slower time, and
# before it writes a new baseline, it times two more processes. Within a process, repetitions of all
# benchmarks are interleaved, so that a busy moment of the machine affects all of them.
set -euo pipefail
run=$1 speed=$2 compare=$3
shift 3
metric_methods=
if [[ "${1:-}" == --metric_methods=* ]]; then
  metric_methods=${1#*=}
  shift
fi
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

suites=
measure() {  # FIRST LAST
  local process
  for ((process = $1; process <= $2; ++process)); do
    echo "regression: timing, process $process" >&2
    "$speed" --setting=glyphs_mlp --threads=1 --first_variants \
      --benchmark_filter=-every_damping \
      --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true --benchmark_min_time=0.02 \
      --benchmark_out="$output/speed_$process.json" --benchmark_out_format=json >"$output/log" 2>&1 ||
      { cat "$output/log" >&2; exit 2; }
    suites+=${suites:+,}$output/speed_$process.json
  done
}

compare() { "$compare" --results="$output/results" --speed="$suites" "$@"; }

"$run" --setting=glyphs_mlp --threads=1 --output="$output/results"
if [ -n "$metric_methods" ]; then
  for setting in glyphs_loo glyphs_noisy; do
    "$run" --setting="$setting" --methods="$metric_methods" --tuners=default --threads=1 --output="$output/results"
  done
fi
measure 1 2
if [[ " $* " == *" --update"* ]]; then
  measure 3 4
else
  status=0
  compare "$@" >"$output/compared" 2>"$output/log" || status=$?
  if [ "$status" -ne 1 ] || ! grep -q '^LOSS.* time, ' "$output/compared"; then
    cat "$output/compared"
    cat "$output/log" >&2
    exit "$status"
  fi
  echo "regression: some are slower; timing again" >&2
  measure 3 4
fi
compare "$@"
