#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the sources (clang-format, one SPDX line per file) and the targets (direction of the
# dependencies, list of methods, tags). `ci/lint.sh --fix` formats the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.proto')
if [ "${1:-}" = --fix ]; then
  clang-format -i "${sources[@]}"
  exit 0
fi
ci/wait_for_bazel.sh lint
failed=0
clang-format --dry-run --Werror "${sources[@]}" || { echo "lint: run ci/lint.sh --fix" >&2; failed=1; }
mapfile -t licensed < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.proto' '*.js' '*.mjs' '*.css' '*.bzl' '*.sh' '*BUILD' WORKSPACE .ci/run)
for file in "${licensed[@]}"; do
  if [ -s "$file" ] && ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
    echo "lint: $file has no SPDX-License-Identifier line" >&2
    failed=1
  fi
done

# Checks of the targets: queries that must find nothing.
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
# Dependencies through the aliases in the root BUILD count too. Programs that macros make for a method
# (its run, its speed suite) have the tag manual and are left out.
right=
for ((i = ${#rooms[@]} - 1; i > 0; --i)); do
  right+="${right:+ + }//${rooms[i]}/..."
  none "${rooms[i - 1]} depends on a package to its right" \
    "somepath(kind('cc_(library|test)|filegroup', //${rooms[i - 1]}/...) except attr(tags, '\bmanual\b', //${rooms[i - 1]}/...), $right)"
done
none "methods missing in METHODS of methods/BUILD" \
  'attr(generator_function, "^attribution_method$", kind(cc_library, //methods/...)) - deps(//methods, 1) - //methods/examples/...'
tags=$(sed -n 's/^| `\([a-z_]*\)` | .*/\1/p' CONTRIBUTING.md | paste -sd'|')
none "targets with a tag that CONTRIBUTING.md does not explain" "attr(tags, \"[\[ ](?!(?:$tags)[,\]])[a-z_]\", //...)"
exit "$failed"
