#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks results before they are submitted to the leaderboard: one sentence and exit status 1 if one
# cannot stand beside the recorded results.
#
#   ci/check_submission.sh out/results/mnist_mlp/my_method.textproto
set -euo pipefail
if [ $# -eq 0 ]; then
  echo "check_submission.sh: name the files of your results, or a folder of them" >&2
  exit 2
fi
files=()
for file in "$@"; do files+=("$(realpath -m -- "$file")"); done
cd "$(dirname "$0")/.."
ci/setup.sh
ci/wait_for_bazel.sh check_submission.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
bazel build --noshow_progress //leaderboard:check_submission >"$log" 2>&1 || { cat "$log" >&2; exit 2; }
bazel-bin/leaderboard/check_submission -- "${files[@]}"
