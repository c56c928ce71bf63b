#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every method in the built-in setting and compares LDS, cost and speed with the committed
# baseline (benchmarks/baseline), and other metrics of some methods in variants of the setting. Prints what changed. Exits with 1 if something got worse.
#
#   ci/regression.sh
#   ci/regression.sh --update="why these changes are right"   rewrites the baseline
set -euo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh
ci/wait_for_bazel.sh regression
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "regression: building (takes minutes the first time)" >&2
bazel build --noshow_progress //benchmarks:regression_gate >"$log" 2>&1 || { cat "$log" >&2; exit 2; }
bazel-bin/benchmarks/regression_gate bazel-bin/benchmarks/quick_run bazel-bin/benchmarks/method_speed \
  bazel-bin/benchmarks/compare_with_baseline --metric_methods=grad_dot,fisher_projected,kfac,trak_1 "$@"
