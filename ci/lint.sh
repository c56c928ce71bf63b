#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the look of the sources: clang-format, one SPDX line a file. `ci/lint.sh --fix` formats.
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
exit "$failed"
