#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The page of the same results has the same bytes in any folder, time zone and language, and the
# program says what is wrong with its flags.
set -uo pipefail
page=leaderboard/page/page
results=benchmarks/results/mnist_lr
make() {  # FOLDER ENVIRONMENT...
  local folder=$1
  shift
  mkdir -p "$TEST_TMPDIR/$folder"
  cp -RL "$results" "$TEST_TMPDIR/$folder/results"
  (program=$(realpath "$page") && cd "$TEST_TMPDIR/$folder" &&
    env "$@" "$program" --results=results --output=out >/dev/null) || exit 1
}
make one TZ=Asia/Tokyo LC_ALL=C
make a/folder/with/another/name TZ=America/New_York LC_ALL=C.UTF-8
for file in index.html leaderboard.json; do
  if ! cmp "$TEST_TMPDIR/one/out/$file" "$TEST_TMPDIR/a/folder/with/another/name/out/$file"; then
    echo "FAILED: $file depends on more than the results" >&2
    exit 1
  fi
done
if [ "$(stat -c %s "$TEST_TMPDIR/one/out/index.html")" -lt 500000 ]; then
  echo "FAILED: the page is too small to hold its charts" >&2
  exit 1
fi

fails() {  # MESSAGE FLAGS...
  local message=$1 said status
  shift
  said=$("$page" --output="$TEST_TMPDIR/none" "$@" 2>&1 >/dev/null)
  status=$?
  if [ "$status" -ne 1 ] || [ "$said" != "page: $message" ]; then
    echo "FAILED: $*: exit status $status, says '$said' and not 'page: $message'" >&2
    exit 1
  fi
}
fails "--results names no file or folder" --results=
fails "unexpected argument 'x'; name results with --results" x
fails "no file or folder nowhere" --results="$results" --sensitivity=nowhere
