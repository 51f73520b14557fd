#!/usr/bin/env bash
# The segmenter with a GPU and many cores. Three stages, each resumable and within LIMIT seconds a call:
#   runs/gpu_segmenter.sh data    one process per core, each its own folder, seed and kinds of place
#   runs/gpu_segmenter.sh train   from where it stopped
#   runs/gpu_segmenter.sh score   judge, held-out benchmark with the time of a frame on this GPU; weights and reports to $OUT
# Needs python3 with torch, accelerate, safetensors, opencv, scipy, numba, typer, rich and rapidfuzz; no ROS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON="${PYTHON:-python3}"
WORK="${WORK_DIR:-out/gpu_segmenter}"
LIMIT="${LIMIT:-280}" STEPS="${STEPS:-20000}" CORES="${CORES:-$(nproc)}" WORLDS="${WORLDS:-600}" JUDGE="${JUDGE:-352}" SCENES="${SCENES:-140}"
export PYTHONPATH="$PWD" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONUNBUFFERED=1
deepsight() { "$PYTHON" -m deepsight_ros.cli.main "$@"; }
EVERY=(tabletop clutter bin shelf drawer floor "room kinds")
MORE=(clutter shelf "room kinds" tabletop bin shelf floor clutter "room kinds" drawer tabletop "room kinds")
kinds() { for kind in "$@"; do printf -- '--kind\0%s\0' "$kind"; done; }
mapfile -d '' -t EVERY_KINDS < <(kinds "${EVERY[@]}")
mapfile -d '' -t MORE_KINDS < <(kinds "${MORE[@]}")
mkdir -p "$WORK"

case "${1:-}" in
data)
  synthesize() { # folder, then what `synthesize segments` takes
    timeout -s INT "$LIMIT" "$PYTHON" -m deepsight_ros.cli.main synthesize segments --out "$WORK/$1" "${@:2}" >"$WORK/$1.log" 2>&1 &
  }
  for core in $(seq 1 $((CORES > 1 ? CORES - 1 : 1))); do
    synthesize "data_$core" --worlds "$WORLDS" --views 4 --seed $((200 + core)) --width 640 "${MORE_KINDS[@]}"
  done
  synthesize judge --worlds "$JUDGE" --views 2 --seed 31 --width 640 --profile test "${EVERY_KINDS[@]}"
  wait || true
  ls -d "$WORK"/data_*/block-* | wc -l
  ;;
train)
  folders=()
  for folder in "$WORK"/data_*/; do [ -f "$folder/about.json" ] && folders+=(--data "$folder"); done
  timeout -s INT "$LIMIT" "$PYTHON" -m deepsight_ros.cli.main train segment --recipe segmenter --steps "$STEPS" \
    --threads "$CORES" "${folders[@]}" --out "$WORK/run" || echo "stopped; call again to go on"
  ;;
score)
  deepsight train segment-judge --model "$WORK/run/checkpoint" --data "$WORK/judge" --threads "$CORES"
  deepsight benchmark segmentation --model "$WORK/run/checkpoint" --scenes "$SCENES" --device "${DEVICE:-cuda}" \
    --json "${OUT:-$WORK}/segmentation.json" --report "${OUT:-$WORK}/segmentation.html"
  [ -z "${OUT:-}" ] || cp "$WORK"/run/checkpoint/* "$OUT"/
  ;;
*)
  sed -n '2,6p' "$0"
  exit 2
  ;;
esac
