#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Without the examples that a good method calls helpful, models get worse than without random ones. What
# was trained is not trained again. Faults get one sentence.
set -uo pipefail
program=benchmarks/removal
out="$TEST_TMPDIR/out"
file="$out/glyphs_mlp/grad_dot.textproto"
fail() { echo "FAILED: $*" >&2; exit 1; }
run() { "$program" --threads=1 --tests=2 --output="$out" --trainings="$out/trainings" --results=benchmarks/baseline/results "$@"; }

run --methods=grad_dot,random >"$TEST_TMPDIR/table" 2>"$TEST_TMPDIR/log" || fail "$(cat "$TEST_TMPDIR/log")"
grep -q '^grad_dot  default ' "$TEST_TMPDIR/table" || fail "the table: $(cat "$TEST_TMPDIR/table")"
[ "$(grep -c '^  steps' <(sed 's/^    steps/  steps/' "$file"))" -eq 5 ] || fail "$(grep -c steps "$file") steps, must be 5"
fall() { awk '/fall_per_test/ { sum += $2 } END { print sum / 2 }' "$out/glyphs_mlp/$1.textproto"; }
awk -v a="$(fall grad_dot)" -v b="$(fall random)" 'BEGIN { exit !(a > b + .5) }' ||
  fail "the margin falls by $(fall grad_dot) without grad_dot's examples, by $(fall random) without random's"

# 1 whole, 15 random and 2 x 10 helpful sets, with three seeds each.
count() { find "$out/trainings/glyphs_mlp" -name '*.safetensors' | wc -l; }
[ "$(count)" -eq 108 ] || fail "$(count) trainings, must be 108"
cp "$file" "$TEST_TMPDIR/first"
run --methods=grad_dot >/dev/null 2>"$TEST_TMPDIR/log" || fail "the second run"
grep -q training "$TEST_TMPDIR/log" && fail "it trained again: $(cat "$TEST_TMPDIR/log")"
same() { grep -v 'date\|load_average' "$1"; }
cmp <(same "$file") <(same "$TEST_TMPDIR/first") || fail "the second run measured something else"

# What failed in the results is a line with its reason.
mkdir -p "$TEST_TMPDIR/failed/glyphs_mlp"
awk '/^entries/ { print; print "  status: REFUSED message: \"not today\""; next } 1' benchmarks/baseline/results/glyphs_mlp/grad_dot.textproto \
  > "$TEST_TMPDIR/failed/glyphs_mlp/grad_dot.textproto"
run --methods=grad_dot --results="$TEST_TMPDIR/failed" >"$TEST_TMPDIR/table" 2>/dev/null || fail "a method that failed"
grep -q '^  REFUSED: not today$' "$TEST_TMPDIR/table" || fail "the table: $(cat "$TEST_TMPDIR/table")"

says() {  # PATTERN FLAGS...
  local pattern=$1 said
  shift
  said=$(run "$@" 2>&1) && fail "$*: no error"
  [[ "$(tail -n 1 <<<"$said")" =~ $pattern ]] || fail "$*: says '$said'"
}
says "^removal: --tests is 1, must be at least 2" --tests=1
says "^removal: unexpected argument 'grad_dot'; name methods with --methods" grad_dot
says "^removal: no method 'nothing'; known are datainf, " --methods=nothing
says "^removal: .*grad_dot.textproto; make it with //:run --setting=glyphs_mlp --methods=grad_dot$" --methods=grad_dot --results="$TEST_TMPDIR/none"
says "^removal: .*has none of the tuners mine; name other tuners with --tuners" --methods=grad_dot --tuners=mine
exit 0
