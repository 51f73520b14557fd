#!/usr/bin/env bash
# Ablations as trends (docs/ablations.md). Resumable: shards, steps inside an arm and arms that are done are not done again.
#   make setup && runs/ablations.sh      within a CPU's means: a small model of the shipped design, short runs, one core
#   SIZE=gpu runs/ablations.sh           the shipped model's recipe on a GPU
#   AXES="box encoding" ...              some axes only
# Needs python3 with torch, transformers, accelerate, pyarrow, opencv, scipy, numba, typer, rich and rapidfuzz; no ROS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON="${PYTHON:-$([ -x .venv/bin/python ] && echo "$PWD/.venv/bin/python" || echo python3)}"
if [ "${SIZE:-cpu}" = gpu ]; then
  RECIPE="${RECIPE:-tiny-tune}" IMAGES="${IMAGES:-4000}" TALK="${TALK:-1000}" STEPS="${STEPS:-2000}" FURTHER="${FURTHER:-700}"
  BATCH="${BATCH:-32}" VIEWS="${VIEWS:-300}" PER_TYPE="${PER_TYPE:-40}" THREADS="${THREADS:-$(nproc)}" DEVICE="${DEVICE:-cuda}"
else
  RECIPE="${RECIPE:-runs/ablations_cpu.yaml}" IMAGES="${IMAGES:-1500}" TALK="${TALK:-400}" STEPS="${STEPS:-300}" FURTHER="${FURTHER:-100}"
  BATCH="${BATCH:-8}" VIEWS="${VIEWS:-70}" PER_TYPE="${PER_TYPE:-12}" THREADS="${THREADS:-1}" DEVICE="${DEVICE:-cpu}"
fi
WORK="${WORK_DIR:-out/ablations}" OUT="${OUT:-$WORK}" SEEDS="${SEEDS:-3}"
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1 OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS=1
deepsight() { "$PYTHON" -m deepsight_ros.cli.main "$@"; }
mkdir -p "$WORK" "$OUT"
data=()
for seed in 501 502; do
  deepsight synthesize model --out "$WORK/data/model_$seed" --images "$IMAGES" --seed "$seed" --images-per-shard 128 --config runs/ablations_corpus.yaml
  data+=(--data "$WORK/data/model_$seed")
done
deepsight synthesize instructions --out "$WORK/data/instructions" --images "$TALK" --seed 503 --images-per-shard 128 --colour png
data+=(--data "$WORK/data/instructions")
axes=()
for axis in ${AXES:-}; do axes+=(--axis "$axis"); done
deepsight benchmark ablations --recipe "$RECIPE" "${data[@]}" --out "$WORK/arms" --steps "$STEPS" --further-steps "$FURTHER" --batch "$BATCH" \
  --seeds "$SEEDS" --views "$VIEWS" --per-type "$PER_TYPE" --threads "$THREADS" --device "$DEVICE" "${axes[@]}" --json "$OUT/ablations.json" "$@"
