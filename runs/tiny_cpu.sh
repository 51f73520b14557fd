#!/usr/bin/env bash
# models/deepsight-tiny on a CPU: two corpora of the world, training, depth-template benchmark.
# Every stage resumes; sizes are those the shipped checkpoint's card names. From the repository's root:
#   make setup && runs/tiny_cpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/tiny}"
TASKS="${TASKS:-6144}" PAIRS="${PAIRS:-2048}" STEPS="${STEPS:-1400}" THREADS="${THREADS:-1}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"

"$DEEPSIGHT" synthesize model --out "$OUT/tasks" --images "$TASKS" --seed 11 --config runs/tiny_tasks.yaml --images-per-shard 128
"$DEEPSIGHT" synthesize model --out "$OUT/pairs" --images "$PAIRS" --seed 12 --config runs/tiny_pairs.yaml --images-per-shard 128
"$DEEPSIGHT" train tune --recipe tiny-tune --steps "$STEPS" --threads "$THREADS" \
  --data "$OUT/tasks" --data "$OUT/pairs" --out "$OUT/run"
rm -rf models/deepsight-tiny/*.safetensors*
mkdir -p models/deepsight-tiny
cp "$OUT"/run/checkpoint/* models/deepsight-tiny/
"$DEEPSIGHT" benchmark depth-template --model models/deepsight-tiny --views 1000 --training-views 1000 \
  --threads "$THREADS" --json "$OUT/depth_template.json" --report "$OUT/depth_template.html"
