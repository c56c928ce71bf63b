#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs verify_zoo as a user does: on a zoo that was made from parts, and on damaged ones.
set -euo pipefail
tiny=datasets/zoo/testdata/tiny.textproto
zoo=$TEST_TMPDIR/zoo
log=$TEST_TMPDIR/log

fail() {
  echo "FAILED: $1" >&2
  cat "$log" >&2
  exit 1
}
verify() { datasets/zoo/verify_zoo --setting="$tiny" --zoo="$zoo" "$@" >"$log" 2>&1; }

# Train three parts at the same time, in one folder. Then make the zoo from them.
for shard in 0 1 2; do
  datasets/zoo/retrain --setting="$tiny" --output="$zoo" --workers=1 --shard="$shard/3" 2>"$log.$shard" &
done
wait
[ ! -e "$zoo/manifest.textproto" ] || fail "a part alone made a zoo"
for job in "$zoo"/jobs/subset_00[01]_seed_1.safetensors; do  # as if trained on another CPU
  sed -i 's/"cpu_model":"cpu family [0-9]/"cpu_model":"cpu family 9/' "$job"
done
datasets/zoo/retrain --setting="$tiny" --output="$zoo" 2>"$log" || fail "the parts did not make a zoo"
grep -q '44 of 44 trainings are there already' "$log" || fail "the parts do not have all trainings"
datasets/zoo/retrain --setting="$tiny" --output="$TEST_TMPDIR/whole" 2>"$log"
cmp "$zoo/ground_truth.safetensors" "$TEST_TMPDIR/whole/ground_truth.safetensors" 2>"$log" ||
  fail "the zoo made from parts has another ground truth"

grep -q 'cpu_model: .*42 of 44 trainings.*cpu family 9.*2 of 44' "$zoo/manifest.textproto" ||
  fail "the manifest does not name both CPUs"

verify --subsets=3,17 || fail "a good zoo is refused"
for line in '5 files have their checksums' 'subset 3, seed 0: bit for bit' 'subset 17, seed 1: bit for bit'; do
  grep -q "$line" "$log" || fail "missing: $line"
done
verify --subsets=20 && fail "subset 20 of 20 is accepted"
grep -q -- "--subsets has '20', must be from 0 to 19" "$log" || fail "subset 20 is not explained"
for shard in 3/3 -1/3 2 a/b; do
  datasets/zoo/retrain --setting="$tiny" --output="$zoo" --shard="$shard" 2>"$log" && fail "shard $shard is accepted"
  grep -q "shard is '$shard'" "$log" || fail "shard $shard is not named"
done

# The ground truth of another subset plan, with a matching checksum. Then a damaged file.
sed '/^subset_plan/,/}/s/seed: 1/seed: 7/' "$tiny" >"$TEST_TMPDIR/other.textproto"
datasets/zoo/retrain --setting="$TEST_TMPDIR/other.textproto" --output="$TEST_TMPDIR/other" 2>"$log"
truth=$zoo/ground_truth.safetensors
before=$(sha256sum "$truth" | cut -d' ' -f1)
cp "$TEST_TMPDIR/other/ground_truth.safetensors" "$truth"
sed -i "s/$before/$(sha256sum "$truth" | cut -d' ' -f1)/" "$zoo/manifest.textproto"
verify --subsets=3 && fail "the ground truth of another plan is accepted"
grep -q 'subset 3, seed 0: different' "$log" || fail "a different subset is not named"

# The original ground truth with a number that is not finite, with a matching checksum. The first tensor
# is the margin; it starts after 8 bytes and the header, whose length these 8 bytes hold.
cp "$TEST_TMPDIR/whole/ground_truth.safetensors" "$truth"
cp "$TEST_TMPDIR/whole/manifest.textproto" "$zoo/manifest.textproto"
verify || fail "the good zoo is refused"
grep -q 'the data are those that the zoo was made from' "$log" || fail "the data are not checked"
before=$(sha256sum "$truth" | cut -d' ' -f1)
header=$(od -An -t u4 -N 4 "$truth")
printf '\0\0\300\177' | dd of="$truth" bs=1 seek=$((8 + header)) conv=notrunc status=none
sed -i "s/$before/$(sha256sum "$truth" | cut -d' ' -f1)/" "$zoo/manifest.textproto"
verify --subsets=3 && fail "a ground truth of NaN is accepted"
grep -q 'margin is nan for subset 0, seed 0, test example 0, must be finite' "$log" || fail "NaN is not named"

# The zoo of other examples.
cp "$TEST_TMPDIR/whole/manifest.textproto" "$zoo/manifest.textproto"
cp "$TEST_TMPDIR/whole/ground_truth.safetensors" "$truth"
sed -i 's/data_digest: "./data_digest: "x/' "$zoo/manifest.textproto"
verify && fail "the zoo of other examples is accepted"
grep -q 'was made from other examples: their sha256 is x' "$log" || fail "other examples are not named"
cp "$TEST_TMPDIR/whole/manifest.textproto" "$zoo/manifest.textproto"

printf 'damage' | dd of="$truth" bs=1 seek=2000 conv=notrunc status=none
verify && fail "a damaged file is accepted"
grep -q 'ground_truth.safetensors is damaged' "$log" || fail "the damaged file is not named"
