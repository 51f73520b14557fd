#!/usr/bin/env bash
# Ablations as trends within a CPU's means (docs/ablations.md): a small model of the shipped design, short runs, one core. runs/gpu_ablations.sh
# is the same with the shipped model. Resumable: shards, steps inside an arm and arms that are done are not done again.
#   make setup && runs/ablations_cpu.sh            AXES="box encoding" runs some axes only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/ablations}"
IMAGES="${IMAGES:-1500}" TALK="${TALK:-400}" STEPS="${STEPS:-300}" FURTHER="${FURTHER:-100}" SEEDS="${SEEDS:-3}" VIEWS="${VIEWS:-70}" THREADS="${THREADS:-1}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"
data=()
for seed in 501 502; do
  "$DEEPSIGHT" synthesize model --out "$OUT/data/model_$seed" --images "$IMAGES" --seed "$seed" --images-per-shard 128 --config runs/ablations_corpus.yaml
  data+=(--data "$OUT/data/model_$seed")
done
"$DEEPSIGHT" synthesize instructions --out "$OUT/data/instructions" --images "$TALK" --seed 503 --images-per-shard 128 --colour png
data+=(--data "$OUT/data/instructions")
axes=()
for axis in ${AXES:-}; do axes+=(--axis "$axis"); done
"$DEEPSIGHT" benchmark ablations --recipe runs/ablations_cpu.yaml "${data[@]}" --out "$OUT/arms" --steps "$STEPS" --further-steps "$FURTHER" \
  --seeds "$SEEDS" --views "$VIEWS" --per-type 12 --threads "$THREADS" "${axes[@]}" --json "$OUT/ablations.json" "$@"
