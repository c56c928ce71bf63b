#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the look of the sources (clang-format, one SPDX line a file) and of the targets (the arrow,
# the list of methods, tags). `ci/lint.sh --fix` formats.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.proto')
if [ "${1:-}" = --fix ]; then
  clang-format -i "${sources[@]}"
  exit 0
fi
failed=0
clang-format --dry-run --Werror "${sources[@]}" || { echo "lint: run ci/lint.sh --fix" >&2; failed=1; }
mapfile -t licensed < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.proto' '*.bzl' '*.sh' '*BUILD' WORKSPACE .ci/run)
for file in "${licensed[@]}"; do
  if [ -s "$file" ] && ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
    echo "lint: $file has no SPDX-License-Identifier line" >&2
    failed=1
  fi
done

# What the targets must be like, as queries that find nothing.
none() {  # COMPLAINT QUERY
  local found
  if ! found=$(bazel query --noshow_progress "$2" 2>"$log"); then
    cat "$log" >&2
    failed=1
  fi
  if [ -n "$found" ]; then
    printf 'lint: %s:\n%s\n' "$1" "$found" >&2
    failed=1
  fi
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
rooms=(datasets methods evaluators benchmarks leaderboard)
# Paths through the front door count too. Left out are the programs that macros make for a method (its
# run, its speed suite): these are tagged manual.
right=
for ((i = ${#rooms[@]} - 1; i > 0; --i)); do
  right+="${right:+ + }//${rooms[i]}/..."
  none "an arrow points back out of ${rooms[i - 1]}" \
    "somepath(kind('cc_(library|test)|filegroup', //${rooms[i - 1]}/...) except attr(tags, '\bmanual\b', //${rooms[i - 1]}/...), $right)"
done
none "methods that METHODS in methods/BUILD does not list" \
  'attr(generator_function, "^attribution_method$", kind(cc_library, //methods/...)) - deps(//methods, 1) - //methods/examples/...'
tags=$(sed -n 's/^| `\([a-z_]*\)` | .*/\1/p' CONTRIBUTING.md | paste -sd'|')
none "tags that CONTRIBUTING.md does not explain" "attr(tags, \"[\[ ](?!(?:$tags)[,\]])[a-z_]\", //...)"
exit "$failed"
