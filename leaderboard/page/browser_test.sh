#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Opens the page in Chromium and uses it. The arguments are runfiles: the page of the recorded results,
# the page of hostile results, and the folder of npm's packages.
set -euo pipefail
for program in chromium node; do
  command -v "$program" >/dev/null || { echo "browser_test: there is no $program; ci/setup.sh installs it" >&2; exit 1; }
done
exec node leaderboard/page/browser_test.mjs "$@"
