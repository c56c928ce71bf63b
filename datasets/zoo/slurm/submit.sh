#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a zoo on a Slurm cluster. An array of single-core tasks runs the trainings; if all succeed, a
# last job makes the zoo from them. Prints the numbers of both jobs.
#
#   submit.sh TASKS RETRAIN [flags of retrain]
#
# RETRAIN is the program bazel-bin/datasets/zoo/retrain (bazel build //datasets/zoo:retrain). All nodes
# must see it and the folder of --output. SBATCH_FLAGS holds more flags for sbatch:
# SBATCH_FLAGS="--partition=long --time=4:00:00".
set -euo pipefail
if [ $# -lt 2 ] || ! [[ $1 =~ ^[1-9][0-9]*$ ]] || [ ! -x "$2" ]; then
  echo "submit.sh: usage: submit.sh TASKS RETRAIN [flags of retrain]; TASKS is '${1:-}', must be at least 1; RETRAIN is '${2:-}', must be a program" >&2
  exit 2
fi
tasks=$1
RETRAIN=$(realpath "$2")
export RETRAIN
shift 2
here=$(cd "$(dirname "$0")" && pwd)
read -ra flags <<<"${SBATCH_FLAGS:-}"
array=$(sbatch --parsable "${flags[@]}" --array="0-$((tasks - 1))" "$here/retrain.sbatch" "$@")
merge=$(sbatch --parsable "${flags[@]}" --job-name=attribench-merge --cpus-per-task=1 --requeue --open-mode=append \
  --dependency="afterok:$array" --kill-on-invalid-dep=yes --wrap "$(printf '%q ' "$RETRAIN" --workers=1 "$@")")
echo "array $array merge $merge"
