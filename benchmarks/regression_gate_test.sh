#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests the gate: it catches and names each fault that is planted in one method, accuses nothing else,
# and raises no alarm in ten runs of an unchanged tree.
set -euo pipefail
folder=$TEST_TMPDIR
failures=0

gate() {  # FAULT [FLAGS]; its output goes to $folder/log
  local fault=$1 status=0
  shift
  PLANTED_FAULT=$fault benchmarks/regression_gate.sh benchmarks/planted_run benchmarks/planted_speed \
    benchmarks/compare_with_baseline --baseline="$folder/baseline" "$@" >"$folder/log" 2>&1 || status=$?
  return "$status"
}

fail() {
  echo "FAILED: $1" >&2
  cat "$folder/log" >&2
  failures=$((failures + 1))
}

gate none && fail "a missing baseline passes"
grep -q -- '--update=REASON' "$folder/log" || fail "a missing baseline is not explained"
gate none --update="a first baseline" || fail "a first baseline is not written"

expect() {  # FAULT PATTERN: the pattern of the text after "LOSS planted"
  local status=0
  gate "$1" || status=$?
  [ "$status" -eq 1 ] || fail "$1: exit status $status"
  grep -qE "^LOSS +planted(, default)? +$2" "$folder/log" || fail "$1 is not named"
  if grep -E '^LOSS' "$folder/log" | grep -qvE '^LOSS +planted'; then fail "$1: another method is accused"; fi
  cat "$folder/log"
}
expect sign_error 'lds '
expect extra_retraining 'all retrainings +1 +2 '
expect twice_as_slow 'time, one_damping '
expect refusal 'status +OK +REFUSED '

for ((i = 1; i <= 10; ++i)); do
  gate none || fail "unchanged run $i raises an alarm"
done

gate sign_error --update="the sign is meant to be so" || fail "an explained loss is refused"
grep -q 'the sign is meant to be so' "$folder/baseline/CHANGES.md" || fail "the reason is not recorded"
gate sign_error || fail "the new baseline is not in force"
exit $((failures > 0))
