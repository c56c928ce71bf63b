#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test, also those of the example workspace. If ATTRIBENCH_DATA_MIRROR is set, it also runs
# the tests on real data. Arguments go to Bazel. The last line counts test targets: "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh --tests || exit 1
ci/wait_for_bazel.sh test || exit 1

targets=(//...)
if [ -n "${ATTRIBENCH_DATA_MIRROR:-}" ]; then
  real_data=$(bazel query --noshow_progress 'attr(tags, "\breal_data\b", tests(//...))' 2>/dev/null) || exit 1
  # shellcheck disable=SC2206  # one label per line
  targets+=($real_data)
else
  echo "test: ATTRIBENCH_DATA_MIRROR is not set, so the tests on real data do not run" >&2
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 status=0
run_tests() {  # WORKSPACE_FOLDER BAZEL_ARGUMENT...
  local folder=$1 code broken
  shift
  (cd "$folder" && bazel test --keep_going --noshow_progress --test_summary=short "$@") 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  passed=$((passed + $(grep -cE '^//[^ ]+ +(\(cached\) )?PASSED' "$log")))
  broken=$(grep -cE '^//[^ ]+ +(\(cached\) )?(FAILED|TIMEOUT|FLAKY|NO STATUS|INCOMPLETE)' "$log")
  if [ "$code" -ne 0 ]; then
    status=$code
    [ "$broken" -gt 0 ] || broken=1  # it failed before any test
  fi
  failed=$((failed + broken))
}
run_tests . "$@" "${targets[@]}"
run_tests benchmarks/examples/external_method "$@" //...
echo "$passed passed, $failed failed"
exit "$status"
