#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the programs and installs them with the settings and zoos, so that they run without Bazel:
# PREFIX/bin/attribench-evaluate, -select-damping, -run, -retrain, -import-zoo, -export-examples,
# -leaderboard and -page. `--help` of each is one screen. What an earlier install put there is replaced.
#
#   ci/install.sh ~/attribench
#   ci/install.sh --settings=glyphs_mlp,mnist_mlp ~/attribench    only these zoos
set -euo pipefail

settings=
built=
prefix=
for argument in "$@"; do
  case "$argument" in
    --settings=?*) settings=${argument#*=} ;;
    --built=?*) built=$(realpath -- "${argument#*=}") ;;  # programs from here, as in bazel-bin
    --*) echo "install.sh: unknown argument '$argument'; known is --settings=NAME[,NAME]" >&2; exit 2 ;;
    *) [ -z "$prefix" ] || { echo "install.sh: name one folder, not '$prefix' and '$argument'" >&2; exit 2; }; prefix=$argument ;;
  esac
done
[ -n "$prefix" ] || { echo "install.sh: name the folder to install to, as in ci/install.sh ~/attribench" >&2; exit 2; }
prefix=$(realpath -m -- "$prefix")
cd "$(dirname "$0")/.."

declare -A programs=(
  [evaluate]=benchmarks/evaluate
  [select-damping]=evaluators/features/select_damping
  [run]=benchmarks/run
  [retrain]=datasets/zoo/retrain
  [import-zoo]=datasets/zoo/import_zoo
  [export-examples]=datasets/export_examples
  [leaderboard]=leaderboard/leaderboard
  [page]=leaderboard/page/page
)
if [ -n "$settings" ]; then
  IFS=, read -ra names <<<"$settings"
else
  mapfile -t names < <(cd datasets/settings && ls -- *.textproto | sed 's/\.textproto$//')
fi
for name in "${names[@]}"; do
  [ -f "datasets/settings/$name.textproto" ] || {
    echo "install.sh: no setting '$name'; known are $(cd datasets/settings && ls -- *.textproto | sed 's/\.textproto$//' | paste -sd, | sed 's/,/, /g')" >&2
    exit 2
  }
done

if [ -z "$built" ]; then
  ci/setup.sh
  ci/wait_for_bazel.sh install.sh
  log=$(mktemp)
  echo "install.sh: building (takes minutes the first time)" >&2
  targets=()
  for program in "${programs[@]}"; do targets+=("//${program%/*}:${program##*/}"); done
  bazel build --noshow_progress "${targets[@]}" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
  rm -f "$log"
  built=bazel-bin
fi

mkdir -p "$prefix/bin"
new=$(mktemp -d "$prefix/share.XXXXXX")
trap 'rm -rf "$new"' EXIT
share=$new/attribench
mkdir -p "$share/programs" "$share/datasets/settings" "$share/datasets/zoo"
# Under their own names: --help shows the flags of the file that a program is named after.
for program in "${programs[@]}"; do install -m 755 "$built/$program" "$share/programs/${program##*/}"; done
install -m 644 datasets/settings/*.textproto "$share/datasets/settings/"
for name in "${names[@]}"; do
  cp -RL "datasets/zoo/$name" "$share/datasets/zoo/"
done
chmod -R u+w,a+rX "$share" "$new"
version=$(git describe --always --dirty 2>/dev/null || echo "of an unknown commit")
printf 'Attribench %s\n' "$version" >"$share/VERSION"

mkdir -p "$prefix/share"
rm -rf "$prefix/share/attribench"
mv -T "$share" "$prefix/share/attribench"
for name in "${!programs[@]}"; do
  wrapper=$(mktemp "$prefix/bin/.attribench.XXXXXX")
  cat >"$wrapper" <<'WRAPPER'
#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths in arguments are relative to the folder that the program is started in.
share=$(dirname -- "$(readlink -f -- "$0")")/../share/attribench
[ "${1-}" != --version ] || exec cat "$share/VERSION"
export BUILD_WORKING_DIRECTORY="$PWD" BUILD_WORKSPACE_DIRECTORY="$PWD"
cd -- "$share" && exec "programs/NAME" "$@"
WRAPPER
  sed -i "s/NAME/${programs[$name]##*/}/" "$wrapper"
  chmod 755 "$wrapper"
  mv -T "$wrapper" "$prefix/bin/attribench-$name"
done
echo "installed in $prefix/bin: $(cd "$prefix/bin" && ls -d attribench-* | paste -sd' ')"
