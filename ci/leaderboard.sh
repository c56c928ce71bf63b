#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a leaderboard from a fresh clone: installs missing packages, builds, runs every method, prints
# the tables and names the page that shows them. Writes out/results/ and out/leaderboard/.
#
#   ci/leaderboard.sh                                   the built-in setting (synthetic data)
#   ci/leaderboard.sh --settings=mnist_mlp              real MNIST
#   ci/leaderboard.sh --settings=glyphs_mlp,mnist_mlp   two settings
#   ci/leaderboard.sh --all                             prints every entry, not two lines a method
set -euo pipefail
cd "$(dirname "$0")/.."

settings=glyphs_mlp
output=out/leaderboard
all=false
for argument in "$@"; do
  case "$argument" in
    --settings=?*) settings=${argument#*=} ;;
    --output=?*) output=${argument#*=} ;;
    --all) all=true ;;
    *) echo "leaderboard.sh: unknown argument '$argument'; known are --settings=NAME[,NAME], --output=FOLDER and --all" >&2; exit 2 ;;
  esac
done
IFS=, read -ra names <<<"$settings"
for name in "${names[@]}"; do
  if [ ! -f "datasets/settings/$name.textproto" ]; then
    echo "leaderboard.sh: no setting '$name'; known are $(cd datasets/settings && ls -- *.textproto | sed 's/\.textproto$//' | paste -sd, | sed 's/,/, /g')" >&2
    exit 2
  fi
done

ci/setup.sh
ci/wait_for_bazel.sh leaderboard.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() {
  bazel build --noshow_progress "$@" >"$log" 2>&1
}
for name in "${names[@]}"; do
  if ! build "//datasets:${name}_data"; then
    reason=$(sed -n 's/.*Error in fail: //p' "$log" | head -n 1)
    if [ -n "$reason" ]; then echo "leaderboard.sh: $reason" >&2; else cat "$log" >&2; fi
    exit 1
  fi
done
echo "leaderboard.sh: building (takes minutes the first time)" >&2
build //benchmarks:quick_run //leaderboard //leaderboard/page || { cat "$log" >&2; exit 1; }

results=()
for name in "${names[@]}"; do
  rm -rf "out/results/$name"
  bazel-bin/benchmarks/quick_run --setting="$name" --data_root="$(bazel info output_base 2>/dev/null)/external"
  results+=("out/results/$name")
done
results=$(IFS=,; echo "${results[*]}")
bazel-bin/leaderboard/leaderboard --results="$results" --output="$output" --all="$all"
bazel-bin/leaderboard/page/page --results="$results" --output="$output"
