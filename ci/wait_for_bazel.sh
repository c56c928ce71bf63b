#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# wait_for_bazel.sh NAME
#
# Waits while another Bazel command works in this clone, and says so in the name of the script NAME.
# Scripts that keep Bazel's own messages to themselves call it first.
set -euo pipefail
cd "$(dirname "$0")/.."
said=$(bazel --noblock_for_lock info server_pid 2>&1 >/dev/null) && exit 0
pid=$(sed -n 's/.*Another command (pid=\([0-9]*\)) is running.*/\1/p' <<<"$said" | head -n 1)
[ -n "$pid" ] || exit 0  # something else is wrong: the next command shows it
command=$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c -100) || true
echo "$1: waiting for another Bazel command in this clone (pid $pid${command:+: $command})" >&2
bazel info server_pid >/dev/null 2>&1
