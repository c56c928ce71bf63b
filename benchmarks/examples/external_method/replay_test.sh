#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The replay program has this workspace's tuners and Attribench's.
set -euo pipefail
said=$(./replay --tuner=none 2>&1) && { echo "FAILED: took an unknown tuner" >&2; exit 1; }
for tuner in held_out_half middle_of_grid grid_search_50 surrogate_indicator; do
  grep -q "known are: .*$tuner" <<< "$said" || { echo "FAILED: no $tuner in: $said" >&2; exit 1; }
done
