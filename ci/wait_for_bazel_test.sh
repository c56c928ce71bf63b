#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests ci/wait_for_bazel.sh with a program in Bazel's place.
set -euo pipefail
mkdir "$TEST_TMPDIR/bin"
export PATH=$TEST_TMPDIR/bin:$PATH
cat >"$TEST_TMPDIR/bin/bazel" <<'BAZEL'
#!/usr/bin/env bash
[ -e "$TEST_TMPDIR/held" ] || exit 0
case "$1" in
  --noblock_for_lock)
    echo "Another command (pid=$(cat "$TEST_TMPDIR/held")) is running. Exiting immediately." >&2
    exit 9
    ;;
  *) rm "$TEST_TMPDIR/held" ;;  # waits until the other command has ended
esac
BAZEL
chmod +x "$TEST_TMPDIR/bin/bazel"

said=$(ci/wait_for_bazel.sh leaderboard.sh 2>&1)
[ -z "$said" ] || { echo "FAILED: says '$said' although nobody holds the clone" >&2; exit 1; }

echo $$ >"$TEST_TMPDIR/held"
said=$(ci/wait_for_bazel.sh leaderboard.sh 2>&1)
[[ $said == "leaderboard.sh: waiting for another Bazel command in this clone (pid $$: "* ]] ||
  { echo "FAILED: says '$said'" >&2; exit 1; }
[ ! -e "$TEST_TMPDIR/held" ] || { echo "FAILED: it did not wait" >&2; exit 1; }
