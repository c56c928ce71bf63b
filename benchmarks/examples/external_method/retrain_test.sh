#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The retraining program of a model_zoo target makes the same files as the committed zoo has.
set -euo pipefail
made=$TEST_TMPDIR/zoo/bars_mlp
BUILD_WORKSPACE_DIRECTORY=$TEST_TMPDIR ./bars_mlp_retrain \
  "$1" bars_mlp.textproto zoo/bars_mlp bars/train-images --
files() { (cd "$1" && find -L . -type f | sort); }
[ "$(files "$made")" = "$(files zoo/bars_mlp)" ] || { files "$made"; exit 1; }
