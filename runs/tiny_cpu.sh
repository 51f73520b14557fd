#!/usr/bin/env bash
# models/deepsight-tiny on a CPU: corpora of the world: tasks, pairs, numbers, small talk, training, depth-template benchmark.
# Every stage resumes; sizes are those the shipped checkpoint's card names. From the repository's root:
#   make setup && runs/tiny_cpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/tiny}"
TASKS="${TASKS:-6144}" PAIRS="${PAIRS:-2048}" TALK="${TALK:-768}" STEPS="${STEPS:-2000}" CALIBRATION="${CALIBRATION:-300}" THREADS="${THREADS:-1}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"

"$DEEPSIGHT" synthesize model --out "$OUT/tasks" --images "$TASKS" --seed 11 --config runs/tiny_tasks.yaml --images-per-shard 128
for seed in 12 13 14; do
  "$DEEPSIGHT" synthesize model --out "$OUT/pairs$seed" --images "$PAIRS" --seed "$seed" --config runs/tiny_pairs.yaml --images-per-shard 128
done
for seed in 15 16; do
  "$DEEPSIGHT" synthesize model --out "$OUT/numbers$seed" --images "$PAIRS" --seed "$seed" --config runs/tiny_numbers.yaml --images-per-shard 128
done
for seed in 17 18; do
  "$DEEPSIGHT" synthesize model --out "$OUT/talk$seed" --images "$TALK" --seed "$seed" --config runs/tiny_talk.yaml --images-per-shard 128
done
"$DEEPSIGHT" synthesize model --out "$OUT/calibration" --images "$CALIBRATION" --seed 700 --config runs/tiny_calibration.yaml
data=(--data "$OUT/tasks" --data "$OUT/pairs12" --data "$OUT/pairs13" --data "$OUT/pairs14"
  --data "$OUT/numbers15" --data "$OUT/numbers16" --data "$OUT/talk17" --data "$OUT/talk18")
if [ ! -f "$OUT/begin/checkpoint/config.json" ]; then
  "$DEEPSIGHT" train tune --recipe tiny-begin --threads "$THREADS" "${data[@]}" --out "$OUT/begin"
fi
"$DEEPSIGHT" train tune --recipe tiny-tune --start "$OUT/begin/checkpoint" --steps "$STEPS" --seed 2 --threads "$THREADS" \
  "${data[@]}" --out "$OUT/run"
rm -rf models/deepsight-tiny/*.safetensors*
mkdir -p models/deepsight-tiny
cp "$OUT"/run/checkpoint/* models/deepsight-tiny/
"$DEEPSIGHT" train calibrate --model models/deepsight-tiny --data "$OUT/calibration"
"$DEEPSIGHT" benchmark depth-template --model models/deepsight-tiny --views 1000 --training-views 1000 \
  --threads "$THREADS" --json "$OUT/depth_template.json" --report "$OUT/depth_template.html"
