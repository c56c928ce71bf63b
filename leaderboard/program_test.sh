#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the leaderboard program says about its flags and its output.
set -uo pipefail
results=benchmarks/results/mnist_lr
fails() {  # MESSAGE OUTPUT FLAGS...
  local message=$1 output=$2 said status
  shift 2
  said=$(leaderboard/leaderboard --output="$TEST_TMPDIR/board" "$@" 2>&1 >"$output")
  status=$?
  if [ "$status" -ne 1 ] || [ "$said" != "leaderboard: $message" ]; then
    echo "FAILED: $*: exit status $status, says '$said' and not 'leaderboard: $message'" >&2
    exit 1
  fi
}
leaderboard/leaderboard --output="$TEST_TMPDIR/board" --results="$results" >/dev/null || exit 1
fails "cannot write the tables to standard output" /dev/full --results="$results"
fails "unexpected argument '$results'; name results with --results" /dev/null "$results"
fails "--results names no file or folder" /dev/null --results=
