#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests ci/device_pack.py and ci/device_test.sh without a GPU: makes a pack, checks that ninja finds
# every source of every program in it, and builds and runs two of its tests on the CPU with the
# system's LibTorch.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh
ci/wait_for_bazel.sh device_pack_test
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! command -v ninja >/dev/null; then
  echo "device_pack_test: installing ninja-build" >&2
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ninja-build; } \
    >"$folder/apt.log" 2>&1 || { tail -n 20 "$folder/apt.log" >&2; exit 1; }
fi
fail() { echo "device_pack_test: $1" >&2; exit 1; }

ci/device_pack.py "$folder/pack"
if ci/device_pack.py "$folder/pack" 2>"$folder/again"; then fail "a pack over another one must be refused"; fi
grep -q 'is there already' "$folder/again" || fail "says: $(cat "$folder/again")"
if ci/device_pack.py --settings=none "$folder/other" 2>"$folder/none"; then fail "an unknown setting must be refused"; fi
grep -q "no zoo of a setting 'none'; known are" "$folder/none" || fail "says: $(cat "$folder/none")"

export TORCH=/usr DEVICE=cpu STEPS=build
TARGETS="-n all" "$folder/pack/device_test.sh" || { tail -n 5 "$folder/pack/log/ninja" >&2; fail "ninja misses something"; }
steps=$(grep -c . "$folder/pack/log/ninja")
[ "$steps" -gt 200 ] || fail "ninja plans only $steps steps"
wanted="tests/methods/device_test tests/methods/grad_dot/grad_dot_conformance_test"
TARGETS=$wanted "$folder/pack/device_test.sh" || { tail -n 20 "$folder/pack/log/ninja" >&2; fail "the build failed"; }
grep -E 'methods/(device_test|grad_dot/grad_dot_conformance_test) ' "$folder/pack/tests.txt" >"$folder/tests.txt"
mv "$folder/tests.txt" "$folder/pack/tests.txt"
STEPS=tests "$folder/pack/device_test.sh" | tee "$folder/tests.log"
grep -q '^tests: 2 passed, 0 failed' "$folder/tests.log" || fail "tests failed"
