#!/usr/bin/env bash
# models/deepsight-segmenter on a CPU: pictures of crowded places, training, benchmark. Every stage resumes.
# Sizes are those the shipped checkpoint's card names. From the repository's root:
#   make setup && runs/segmenter_cpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/segmenter}"
WORLDS="${WORLDS:-1600}" LARGE="${LARGE:-192}" STEPS="${STEPS:-3000}" THREADS="${THREADS:-1}" SCENES="${SCENES:-120}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"

"$DEEPSIGHT" synthesize segments --out "$OUT/small" --worlds "$WORLDS" --views 2 --seed 11
"$DEEPSIGHT" synthesize segments --out "$OUT/large" --worlds "$LARGE" --views 2 --seed 12 --width 640
"$DEEPSIGHT" train segment --recipe segmenter --steps "$STEPS" --threads "$THREADS" \
  --data "$OUT/small" --data "$OUT/large" --out "$OUT/run"
mkdir -p models/deepsight-segmenter
cp "$OUT"/run/checkpoint/* models/deepsight-segmenter/
"$DEEPSIGHT" benchmark segmentation --scenes "$SCENES" --json "$OUT/segmentation.json" --report "$OUT/segmentation.html"
