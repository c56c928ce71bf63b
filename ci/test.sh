#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test; with ATTRIBENCH_DATA_MIRROR set, those on real data too. Arguments go to Bazel.
# The last line counts test targets: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh || exit 1

targets=(//...)
if [ -n "${ATTRIBENCH_DATA_MIRROR:-}" ]; then
  real_data=$(bazel query --noshow_progress 'attr(tags, "\breal_data\b", tests(//...))' 2>/dev/null) || exit 1
  # shellcheck disable=SC2206  # one label a line
  targets+=($real_data)
else
  echo "ATTRIBENCH_DATA_MIRROR is not set: the tests on real data are left out" >&2
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
bazel test --keep_going --noshow_progress --test_summary=short "$@" "${targets[@]}" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

passed=$(grep -cE '^//[^ ]+ +(\(cached\) )?PASSED' "$log")
failed=$(grep -cE '^//[^ ]+ +(\(cached\) )?(FAILED|TIMEOUT|FLAKY|NO STATUS|INCOMPLETE)' "$log")
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi  # it did not get as far as a test
echo "$passed passed, $failed failed"
exit "$status"
