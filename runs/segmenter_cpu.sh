#!/usr/bin/env bash
# models/deepsight-segmenter on a CPU: pictures of crowded places, two stages of training (depth, then colour beside it), judge, benchmark.
# Every stage resumes. Sizes are those the shipped checkpoint's card names. From the repository's root:
#   make setup && runs/segmenter_cpu.sh
# Tiny, beside what ships: OUT_DIR=/tmp/tiny DEST=/tmp/tiny/model WORLDS=8 LARGE=4 MORE1=4 MORE2=4 JUDGE=24 JUDGE2=7 STEPS=20 COLOUR_STEPS=20 SCENES=7 runs/segmenter_cpu.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEEPSIGHT="${DEEPSIGHT:-.venv/bin/deepsight}"
OUT="${OUT_DIR:-out/segmenter}" DEST="${DEST:-models/deepsight-segmenter}"
WORLDS="${WORLDS:-1600}" LARGE="${LARGE:-192}" MORE1="${MORE1:-1024}" MORE2="${MORE2:-1216}" JUDGE="${JUDGE:-352}" JUDGE2="${JUDGE2:-416}"
STEPS="${STEPS:-8600}" COLOUR_STEPS="${COLOUR_STEPS:-5600}" THREADS="${THREADS:-1}" SCENES="${SCENES:-140}" LEAST="${LEAST:-0.25}"
export OMP_NUM_THREADS="$THREADS" OPENBLAS_NUM_THREADS="$THREADS"

# more rooms, shelves and floors than the mix for training has
MORE=(clutter shelf "room kinds" tabletop bin shelf floor clutter "room kinds" drawer tabletop "room kinds")
EVERY=(tabletop clutter bin shelf drawer floor "room kinds")
kinds() { for kind in "$@"; do printf -- '--kind\0%s\0' "$kind"; done; }
mapfile -d '' -t MORE_KINDS < <(kinds "${MORE[@]}")
mapfile -d '' -t EVERY_KINDS < <(kinds "${EVERY[@]}")
SETS=(--data "$OUT/small" --data "$OUT/large" --data "$OUT/more1" --data "$OUT/more2")

"$DEEPSIGHT" synthesize segments --out "$OUT/small" --worlds "$WORLDS" --views 2 --seed 11
"$DEEPSIGHT" synthesize segments --out "$OUT/large" --worlds "$LARGE" --views 2 --seed 12 --width 640
"$DEEPSIGHT" synthesize segments --out "$OUT/more1" --worlds "$MORE1" --views 4 --seed 21 --width 640 "${MORE_KINDS[@]}"
"$DEEPSIGHT" synthesize segments --out "$OUT/more2" --worlds "$MORE2" --views 4 --seed 22 --width 640 "${MORE_KINDS[@]}"
"$DEEPSIGHT" synthesize segments --out "$OUT/judge" --worlds "$JUDGE" --views 2 --seed 31 --width 640 --profile test "${EVERY_KINDS[@]}"
"$DEEPSIGHT" synthesize segments --out "$OUT/judge2" --worlds "$JUDGE2" --views 2 --seed 32 --width 640 --profile test "${EVERY_KINDS[@]}"

"$DEEPSIGHT" train segment --recipe segmenter --steps "$STEPS" --threads "$THREADS" "${SETS[@]}" --out "$OUT/run"
"$DEEPSIGHT" train segment --recipe segmenter_colour --start "$OUT/run/checkpoint" --steps "$COLOUR_STEPS" --threads "$THREADS" \
  "${SETS[@]}" --out "$OUT/colour"
mkdir -p "$DEST"
cp "$OUT"/colour/checkpoint/* "$DEST"/
"$DEEPSIGHT" train segment-judge --model "$DEST" --data "$OUT/judge" --data "$OUT/judge2" --no-colour --least "$LEAST" --threads "$THREADS"
"$DEEPSIGHT" benchmark segmentation --model "$DEST" --scenes "$SCENES" --no-colour --json "$OUT/segmentation.json" --report "$OUT/segmentation.html"
