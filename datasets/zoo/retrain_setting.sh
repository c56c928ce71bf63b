#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the zoo of one setting, in the workspace that defines the setting. For `bazel run`; see
# model_zoo.bzl. FLAGs are those of retrain.
#
#   retrain_setting.sh RETRAIN SETTING ZOO DATA_FILE... -- [FLAG...]
set -euo pipefail
retrain=$1 setting=$2 zoo=$3
shift 3
data_root=$(dirname "$(dirname "$1")")
while [ "$1" != -- ]; do shift; done
shift
exec "$retrain" --setting="$PWD/$setting" --data_root="$PWD/$data_root" \
  --output="${BUILD_WORKSPACE_DIRECTORY:?start this program with bazel run}/${zoo#/}" "$@"
