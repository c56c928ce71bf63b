#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes what is published of the recorded results into a folder: index.html, RESULTS.md and
# leaderboard.json. A folder that is there is replaced as a whole.
#
#   ci/publish.sh out/site
set -euo pipefail
if [ $# -ne 1 ]; then
  echo "publish.sh: name one folder to write to" >&2
  exit 2
fi
folder=$(realpath -m -- "$1")
if [ -e "$folder" ] && [ ! -f "$folder/index.html" ] && [ -n "$(ls -A "$folder" 2>/dev/null || echo file)" ]; then
  echo "publish.sh: $folder is there and holds something else than a published page; name another folder" >&2
  exit 1
fi
cd "$(dirname "$0")/.."
ci/setup.sh
ci/wait_for_bazel.sh publish.sh
log=$(mktemp)
new=
trap 'rm -rf "$log" ${new:+"$new"}' EXIT
bazel build --noshow_progress //leaderboard:site >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
mkdir -p "$(dirname "$folder")"
new=$(mktemp -d "$folder.XXXXXX")
for file in index.html RESULTS.md leaderboard.json; do
  install -m 644 "bazel-bin/leaderboard/site/$file" "$new/"
done
chmod 755 "$new"
rm -rf "$folder"
mv -T "$new" "$folder"
echo "page: $folder/index.html"
