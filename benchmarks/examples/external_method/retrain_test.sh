#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The program that the model_zoo target gives makes the zoo again from the data files.
set -euo pipefail
made=$TEST_TMPDIR/zoo/bars_mlp
BUILD_WORKSPACE_DIRECTORY=$TEST_TMPDIR ./bars_mlp_retrain \
  "$1" bars_mlp.textproto zoo/bars_mlp bars/train-images --
files() { (cd "$1" && find -L . -type f | sort); }
[ "$(files "$made")" = "$(files zoo/bars_mlp)" ] || { files "$made"; exit 1; }
