#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installed programs run from any folder, without Bazel.
set -euo pipefail
prefix=$TEST_TMPDIR/with\ a\ space
ci/install.sh --built=. --settings=glyphs_mlp "$prefix" >"$TEST_TMPDIR/log"
grep -q "^installed in .*: attribench-evaluate attribench-export-examples attribench-import-zoo attribench-leaderboard attribench-page attribench-retrain attribench-run attribench-select-damping$" "$TEST_TMPDIR/log"
mkdir "$TEST_TMPDIR/work"
cd "$TEST_TMPDIR/work"
unset RUNFILES_DIR TEST_SRCDIR
for program in "$prefix"/bin/attribench-*; do
  "$program" --version | grep -q "^Attribench " || { echo "$program has no version" >&2; exit 1; }
  help=$("$program" --help 2>&1 || true)
  lines=$(wc -l <<<"$help")
  [ "$lines" -le 50 ] || { echo "$program --help has $lines lines: more than a screen" >&2; exit 1; }
  grep -q "Flags from" <<<"$help" || { echo "$program has no help" >&2; exit 1; }
done
"$prefix/bin/attribench-run" --setting=glyphs_mlp --methods=random,grad_cos --output=results --threads=1
"$prefix/bin/attribench-leaderboard" --results=results --output=board >table
grep -q grad_cos table
"$prefix/bin/attribench-page" --results=results --output=board >/dev/null
[ -s board/index.html ]
"$prefix/bin/attribench-export-examples" --setting=glyphs_mlp | grep -q "^$PWD/examples.safetensors: 1000 training and 200 test examples"
fault=$("$prefix/bin/attribench-evaluate" --setting=glyphs_mlp --scores=examples.safetensors 2>&1) && exit 1
grep -q "has 4 tensors, and not all are named by their damping" <<<"$fault"
# A second install replaces the first.
cd - >/dev/null
ci/install.sh --built=. --settings=glyphs_mlp "$prefix" >/dev/null
"$prefix/bin/attribench-run" --version | grep -q "^Attribench "
[ "$(ls "$prefix")" = "bin
share" ]
