#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the programs and the tests of methods against LibTorch 2 on a machine that has a GPU and no
# Bazel, runs the tests on both devices, and compares scores and times of the GPU with the CPU's.
#
#   ci/device_pack.py /tmp/pack        first, where Bazel is; then carry /tmp/pack to the GPU
#   /tmp/pack/device_test.sh           there
#
#   DEVICE=cuda       the device; cpu: builds and tests only
#   TORCH=FOLDER      LibTorch, with include/ and lib/; default: that of python3's torch
#   SETTINGS="..."    what is compared; default: every setting whose zoo is in the pack
#   METHODS=...       comma-separated; default: all
#   JOBS=N            default: all cores
#   STEPS="..."       of build tests compare
#   ATTRIBENCH_DATA_MIRROR   the data files, for settings other than glyphs_mlp
set -uo pipefail
pack=$(cd "$(dirname "$0")" && pwd)
cd "$pack" || exit 1
[ -f build.ninja ] || { echo "device_test.sh: $pack holds no build.ninja: make it with ci/device_pack.py" >&2; exit 2; }
device=${DEVICE:-cuda}
jobs=${JOBS:-$(nproc)}
steps=" ${STEPS:-build tests compare} "
torch=${TORCH:-$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))')} || exit 1
failed=0
mkdir -p log tests

# The system's LibTorch has its libraries elsewhere.
if [ "$torch" = /usr ]; then
  includes="-isystem /usr/include/torch/csrc/api/include"
  link="-ltorch -ltorch_cpu -lc10"
  rpath=
else
  includes="-isystem $torch/include -isystem $torch/include/torch/csrc/api/include"
  rpath="-L$torch/lib -Wl,-rpath,$torch/lib"
  link="$rpath -ltorch -ltorch_cpu -lc10"
fi
flags="-std=c++17 -O2 -DNDEBUG -ffp-contract=off -fPIE -w"
if [ "$device" != cpu ]; then
  link="-Wl,--no-as-needed $rpath -ltorch_cpu -ltorch_cuda -lc10 -lc10_cuda -Wl,--as-needed"
  # With CUDA's own headers, results name the card and the most memory that tensors took.
  for folder in /usr/local/cuda "$torch"/../nvidia/cu*; do
    [ -f "$folder/include/cuda_runtime_api.h" ] || continue
    printf '#include "ATen/cuda/CUDAContext.h"\n#include "c10/cuda/CUDACachingAllocator.h"\n' >log/probe.cc
    if g++ $flags $includes -isystem "$folder/include" -fsyntax-only log/probe.cc 2>log/probe; then
      includes="$includes -isystem $folder/include"
      flags="$flags -DATTRIBENCH_WITH_CUDA"
      break
    fi
  done
fi
# LibTorch may hold another protobuf. Ours is hidden from it, unless it uses the system's itself.
hide=
protobuf=-lprotobuf
if [ "$torch" != /usr ]; then
  protobuf=deps/lib/libprotobuf.a
  printf '{ local: *google*protobuf*; };\n' >log/hide.map
  hide="-Wl,--exclude-libs,ALL -Wl,--version-script=log/hide.map"
fi
cat >config.ninja <<END
compiler = g++
flags = $flags
includes = -isystem deps/include $includes
libraries = $protobuf deps/lib/libz.a deps/lib/libcrypto.a -Wl,--start-group $(echo deps/lib/libabsl_*.a) -Wl,--end-group
torch = -pie -fopenmp -Wl,--allow-shlib-undefined $hide $link -lpthread -ldl
END

case "$steps" in *" build "*)
  start=$SECONDS
  ninja -k 0 -j "$jobs" ${TARGETS:-all} >log/ninja 2>&1 || failed=1
  echo "build: $((SECONDS - start)) s on $jobs cores, $(grep -c '^FAILED' log/ninja) steps failed; LibTorch $(cat "$torch"/include/torch/csrc/api/include/torch/version.h "$torch"/include/torch/headeronly/version.h 2>/dev/null | sed -nE 's/^# *define TORCH_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+).*/\2/p' | head -3 | paste -sd.)"
  grep -m 8 -E 'error:|undefined reference' log/ninja ;;
esac

case "$steps" in *" tests "*)
  start=$SECONDS
  run_test() {  # PROGRAM ARGUMENTS...
    local name=${1#tests/}
    local extra=
    case "$name" in *_conformance_test) [ "$DEVICE" = cpu ] || extra=--device=$DEVICE ;; esac
    if (cd src && OMP_NUM_THREADS=2 timeout 200 "../$1" "${@:2}" $extra) >"log/${name//\//.}" 2>&1; then
      echo "passed $name"
    else
      echo "FAILED $name: $(grep -m 1 -E 'Failure|exception|rror' -A 3 "log/${name//\//.}" | tr '\n' ' ' | cut -c 1-400)"
    fi
  }
  export -f run_test
  export DEVICE=$device
  xargs -P "$jobs" -I{} bash -c 'run_test {}' <tests.txt >log/tests
  grep FAILED log/tests && failed=1
  echo "tests: $(grep -c ^passed log/tests) passed, $(grep -c ^FAILED log/tests) failed in $((SECONDS - start)) s" ;;
esac

case "$steps" in *" compare "*)
  for setting in ${SETTINGS:-$(cd src/datasets/zoo && printf '%s ' */ | tr -d /)}; do
    start=$SECONDS
    (cd src && timeout "${LIMIT:-240}" ./benchmarks/compare_devices --setting="$setting" --device="$device" --methods="${METHODS:-all}" ${COMPARE_FLAGS:-}) || failed=1
    echo "compared $setting in $((SECONDS - start)) s"
  done ;;
esac
exit $failed
