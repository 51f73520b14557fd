#!/usr/bin/env bash
# models/deepsight-segmenter on a CPU: pictures of crowded places, training, benchmark. Every stage resumes.
# Sizes are those the shipped checkpoint's card names. From the repository's root:
#   make setup && runs/segmenter_cpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/segmenter}"
WORLDS="${WORLDS:-1600}" LARGE="${LARGE:-192}" MORE1="${MORE1:-1024}" MORE2="${MORE2:-1216}" JUDGE="${JUDGE:-352}"
STEPS="${STEPS:-8600}" THREADS="${THREADS:-1}" SCENES="${SCENES:-120}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"

# more rooms, shelves and floors than the mix for training has
MORE=(clutter shelf "room kinds" tabletop bin shelf floor clutter "room kinds" drawer tabletop "room kinds")
EVERY=(tabletop clutter bin shelf drawer floor "room kinds")
kinds() { for kind in "$@"; do printf -- '--kind\0%s\0' "$kind"; done; }
mapfile -d '' -t MORE_KINDS < <(kinds "${MORE[@]}")
mapfile -d '' -t EVERY_KINDS < <(kinds "${EVERY[@]}")

"$DEEPSIGHT" synthesize segments --out "$OUT/small" --worlds "$WORLDS" --views 2 --seed 11
"$DEEPSIGHT" synthesize segments --out "$OUT/large" --worlds "$LARGE" --views 2 --seed 12 --width 640
"$DEEPSIGHT" synthesize segments --out "$OUT/more1" --worlds "$MORE1" --views 4 --seed 21 --width 640 "${MORE_KINDS[@]}"
"$DEEPSIGHT" synthesize segments --out "$OUT/more2" --worlds "$MORE2" --views 4 --seed 22 --width 640 "${MORE_KINDS[@]}"
"$DEEPSIGHT" synthesize segments --out "$OUT/judge" --worlds "$JUDGE" --views 2 --seed 31 --width 640 --profile test "${EVERY_KINDS[@]}"
"$DEEPSIGHT" train segment --recipe segmenter --steps "$STEPS" --threads "$THREADS" \
  --data "$OUT/small" --data "$OUT/large" --data "$OUT/more1" --data "$OUT/more2" --out "$OUT/run"
mkdir -p models/deepsight-segmenter
cp "$OUT"/run/checkpoint/* models/deepsight-segmenter/
"$DEEPSIGHT" train segment-judge --model models/deepsight-segmenter --data "$OUT/judge" --threads "$THREADS"
"$DEEPSIGHT" benchmark segmentation --scenes "$SCENES" --json "$OUT/segmentation.json" --report "$OUT/segmentation.html"
