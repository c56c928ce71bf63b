#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The worked example in README.md must equal the files that are built and tested, line by line.
set -euo pipefail
page=methods/README.md
example=methods/examples/feature_similarity

# Prints the code block after the line `NAME`:
block() {
  awk -v name="\`$1\`:" '
    $0 == name { wanted = 1; next }
    wanted && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }' "$page"
}

for file in feature_similarity.cc feature_similarity.textproto; do
  diff <(block "$file") "$example/$file" || { echo "$page differs from $example/$file" >&2; exit 1; }
done
# The BUILD file has one more target, for this test, which the page leaves out.
lines=$(block BUILD | wc -l)
[ "$lines" -gt 5 ] || { echo "$page shows no BUILD" >&2; exit 1; }
diff <(block BUILD) <(head -n "$lines" "$example/BUILD") || { echo "$page differs from $example/BUILD" >&2; exit 1; }
