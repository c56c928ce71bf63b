#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests datasets/zoo/slurm on a real Slurm cluster of one machine, from Debian's packages. It makes the
# zoo of the built-in setting with an array of 8 tasks and kills and requeues one of them. The zoo must
# have the same bytes as the committed one. On another CPU model than that of the committed zoo, it
# must have the same bytes as an undisturbed run. Run it as root: Slurm's daemons need that.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "slurm_test: run it as root, since Slurm's daemons need that" >&2; exit 1; }
ci/setup.sh
ci/wait_for_bazel.sh slurm_test
missing=()
for package in munge slurm-client slurmctld slurmd; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
folder=$(mktemp -d)
if [ ${#missing[@]} -gt 0 ]; then
  echo "slurm_test: installing ${missing[*]}" >&2
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"; } \
    >"$folder/apt.log" 2>&1 || { tail -n 20 "$folder/apt.log" >&2; exit 1; }
fi
echo "slurm_test: building" >&2
bazel build --noshow_progress //datasets/zoo:retrain >"$folder/build.log" 2>&1 || { cat "$folder/build.log" >&2; exit 1; }

daemons=()
stop() {
  local status=$?
  [ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}" 2>/dev/null || true
  wait
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$folder"/*.log >&2 || true
  fi
  rm -rf "$folder"
}
trap stop EXIT

# ---- The cluster: one node, this machine, on ports of its own --------------------------------
mkdir "$folder/state" "$folder/spool" "$folder/munge"
export SLURM_CONF=$folder/slurm.conf
host=$(hostname -s)
cores=$(nproc)
cat >"$SLURM_CONF" <<CONF
ClusterName=attribench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=17817
SlurmdPort=17818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MailProg=/bin/true
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 Sockets=1 CoresPerSocket=$cores ThreadsPerCore=1 CPUs=$cores State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
chmod 755 "$folder" "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=128 count=8 status=none
chmod 400 "$folder/munge/key"
munged --foreground --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
  --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" >"$folder/munged.log" 2>&1 &
daemons+=($!)
slurmctld -D >"$folder/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$host" >"$folder/slurmd.log" 2>&1 &
daemons+=($!)

waited() {  # SECONDS WHAT COMMAND...
  local seconds=$1 what=$2 end=$((SECONDS + $1))
  shift 2
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then
      echo "slurm_test: waited $seconds s in vain for $what" >&2
      squeue >&2 || true
      exit 1
    fi
    sleep 0.2
  done
}
is_up() { [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; }
waited 60 "the node" is_up
echo "slurm_test: Slurm $(sinfo --version | cut -d' ' -f2) is up on $host with $cores cores" >&2

# ---- The zoo ---------------------------------------------------------------------------------
zoo=$folder/zoo
retrain=$(realpath bazel-bin/datasets/zoo/retrain)
flags=(--setting="$PWD/datasets/settings/glyphs_mlp.textproto")
start=$SECONDS
submitted=$(SBATCH_FLAGS="--output=$folder/job_%A_%a.log" \
  datasets/zoo/slurm/submit.sh 8 "$retrain" "${flags[@]}" --output="$zoo")
array=$(cut -d' ' -f2 <<<"$submitted")
merge=$(cut -d' ' -f4 <<<"$submitted")
echo "slurm_test: $submitted" >&2

# Kill and requeue a task that has started and not finished.
task_files() { find "$zoo/jobs" -name '*.safetensors' 2>/dev/null | wc -l; }
has_begun() { [ "$(task_files)" -ge 4 ]; }
waited 120 "the first trainings" has_begun
victim=$(squeue --noheader --job="$array" --states=RUNNING --format=%i | head -n 1)
scontrol requeue "$victim"
echo "slurm_test: killed and requeued $victim after $(task_files) trainings" >&2

is_over() { [ -z "$(squeue --noheader --job="$array,$merge" --format=%i 2>/dev/null)" ]; }
waited 1200 "the end of the jobs" is_over
[ -f "$zoo/manifest.textproto" ] || { echo "slurm_test: the jobs made no zoo" >&2; exit 1; }
grep -q 'trainings are there already' "$folder/job_$victim.log" || { echo "slurm_test: the killed task did not continue from its finished trainings" >&2; exit 1; }
echo "slurm_test: the zoo is made, $((SECONDS - start)) s" >&2

same_bytes() {  # FOLDER
  local file
  (cd "$1" && find . -name '*.safetensors') >"$folder/files"
  [ "$(wc -l <"$folder/files")" -eq "$(find "$zoo" -name '*.safetensors' | wc -l)" ] || return 1
  while read -r file; do cmp "$1/$file" "$zoo/$file" || return 1; done <"$folder/files"
}
agreed() { echo "slurm_test: $(wc -l <"$folder/files") files have the same bytes as those of $1"; }
cpu() { sed -n 's/.*cpu_model: //p' "$1/manifest.textproto"; }
if same_bytes datasets/zoo/glyphs_mlp; then
  agreed "the committed zoo"
elif [ "$(cpu "$zoo")" = "$(cpu datasets/zoo/glyphs_mlp)" ]; then
  echo "slurm_test: the zoo has other bytes than the committed one" >&2
  exit 1
else
  echo "slurm_test: the committed zoo was made on another CPU model ($(cpu datasets/zoo/glyphs_mlp)); comparing with a run on this machine" >&2
  "$retrain" "${flags[@]}" --output="$folder/alone" 2>"$folder/alone.log"
  same_bytes "$folder/alone" || { echo "slurm_test: the zoo has other bytes than that of an undisturbed run" >&2; exit 1; }
  agreed "an undisturbed run"
fi
