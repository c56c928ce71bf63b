#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that the project needs and that are missing. Safe to run again.
#
#   ci/setup.sh             what building and running needs
#   ci/setup.sh --tests     and what only tests need: Chromium for the page, PyTorch for the doors to Python
set -euo pipefail

packages=(
  bazel-bootstrap      # Bazel 4.2, WORKSPACE
  bazel-rules-java     # Bazel itself needs this and the next two
  bazel-rules-proto
  bazel-skylib
  clang-format
  g++
  git
  libabsl-dev
  libbenchmark-dev
  libgmock-dev
  libgtest-dev
  libideep-dev         # LibTorch's interface to oneDNN, for Winograd convolutions
  libopenblas0-openmp  # without it, matrix products run on the reference BLAS, 30 times slower
  libpng-dev
  libprotobuf-dev
  libssl-dev
  libtorch-dev
  nlohmann-json3-dev
  protobuf-compiler
  zlib1g-dev
)
# The page's charts come from the npm registry. Any Node.js from version 18 on will do.
command -v npm >/dev/null || packages+=(nodejs npm)
case "${1:-}" in
  "") ;;
  --tests) packages+=(chromium fonts-dejavu-core python3-torch) ;;
  *) echo "setup: unknown argument '$1'; known is --tests" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "setup: these packages of Debian 12 are missing, and there is no apt-get to install them: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run it as root, or install these packages: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: the packages could not be installed; the end of apt-get's output is above" >&2
  exit 1
fi
