#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the zoo of one setting where its target is defined, under `bazel run`; more flags of retrain
# may follow.
#   retrain_setting.sh RETRAIN SETTING ZOO DATA_FILE... -- [FLAG...]
set -euo pipefail
retrain=$1 setting=$2 zoo=$3
shift 3
data_root=$(dirname "$(dirname "$1")")
while [ "$1" != -- ]; do shift; done
shift
exec "$retrain" --setting="$PWD/$setting" --data_root="$PWD/$data_root" \
  --output="${BUILD_WORKSPACE_DIRECTORY:?start this by bazel run}/${zoo#/}" "$@"
