#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A study has a point for each value of each hyperparameter, is not run again where it is recorded, and
# goes on after it was cut. Wrong flags get one sentence.
set -uo pipefail
program=benchmarks/sensitivity
file="$TEST_TMPDIR/out/glyphs_mlp/rps.textproto"
fail() { echo "FAILED: $*" >&2; exit 1; }
run() { "$program" --setting=glyphs_mlp --threads=1 --output="$TEST_TMPDIR/out" "$@"; }

run --methods=rps 2>"$TEST_TMPDIR/log" || fail "the run: $(cat "$TEST_TMPDIR/log")"
# rps has l2 with six values and normalise with two; their defaults are one point.
[ "$(grep -c '^points' "$file")" -eq 7 ] || fail "$(grep -c '^points' "$file") points, must be 7"
[ "$(grep -c 'per_unit' "$file")" -eq 0 ] || fail "values of single test examples are kept"
grep -q 'value: "1e-4"' "$file" || fail "no point of l2 1e-4"

cp "$file" "$TEST_TMPDIR/first"
run --methods=rps 2>/dev/null || fail "the second run"
cmp "$file" "$TEST_TMPDIR/first" || fail "a recorded study was run again"

# Cut after the second point, as if the run had been killed there.
awk '/^points/ { ++points } points <= 2' "$TEST_TMPDIR/first" > "$file"
run --methods=rps 2>/dev/null || fail "the run after a cut"
[ "$(grep -c '^points' "$file")" -eq 7 ] || fail "a cut study was not completed"
[ "$(sed -n '/^points/,$p' "$file" | head -n 40)" = "$(sed -n '/^points/,$p' "$TEST_TMPDIR/first" | head -n 40)" ] ||
  fail "the first point was run again"

says() {  # MESSAGE FLAGS...
  local message=$1 said
  shift
  said=$(run "$@" 2>&1) && fail "$*: no error"
  [ "$said" = "sensitivity: $message" ] || fail "$*: says '$said'"
}
says "--timeout is 0, must be above 0" --timeout=0
says "unexpected argument 'rps'; name methods with --methods" rps
said=$(run --methods=nothing 2>&1) && fail "an unknown method passes"
[[ $said == "sensitivity: --methods: there is no method 'nothing'; known are datainf, "* ]] || fail "says '$said'"
echo "metrics { name: 1 }" > "$file"
run --methods=rps 2>/dev/null && fail "a file that cannot be read was replaced"
exit 0
