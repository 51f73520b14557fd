#!/usr/bin/env bash
# The same model with a GPU and many cores. Three stages, each within ten minutes and resumable:
#   runs/tiny_gpu.sh data    one synthesis process per core, each its own folder and seed
#   runs/tiny_gpu.sh train   from where it stopped, for at most LIMIT seconds
#   runs/tiny_gpu.sh score   intervals, depth-template benchmark; checkpoint and reports to $OUT
# Needs python3 with torch, transformers, accelerate, pyarrow, opencv, scipy, typer, rich and rapidfuzz; no ROS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON="${PYTHON:-python3}"
WORK="${WORK_DIR:-out/tiny_gpu}"
LIMIT="${LIMIT:-540}" STEPS="${STEPS:-12000}" BATCH_RECIPE="${BATCH_RECIPE:-tiny-tune-gpu}"
CORES="${CORES:-$(nproc)}" IMAGES="${IMAGES:-3072}"
export PYTHONPATH="$PWD" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONUNBUFFERED=1
deepsight() { "$PYTHON" -m deepsight_ros.cli.main "$@"; }
mkdir -p "$WORK"

case "${1:-}" in
data)
  for core in $(seq 0 $((CORES - 1))); do
    config=runs/tiny_pairs.yaml
    [ $((core % 4)) -eq 1 ] && config=runs/tiny_numbers.yaml
    [ $((core % 4)) -eq 2 ] && config=runs/tiny_tasks.yaml
    [ $((core % 8)) -eq 7 ] && config=runs/tiny_talk.yaml
    timeout -s INT "$LIMIT" "$PYTHON" -m deepsight_ros.cli.main synthesize model --out "$WORK/data_$core" \
      --images "$IMAGES" --seed $((100 + core)) --config "$config" --images-per-shard 128 >"$WORK/data_$core.log" 2>&1 &
  done
  wait || true
  ls "$WORK"/data_*/manifest.json | wc -l
  ;;
train)
  folders=()
  for folder in "$WORK"/data_*/; do [ -f "$folder/manifest.json" ] && folders+=(--data "$folder"); done
  timeout -s INT "$LIMIT" "$PYTHON" -m deepsight_ros.cli.main train tune --recipe "$BATCH_RECIPE" --steps "$STEPS" \
    --threads "$CORES" "${folders[@]}" --out "$WORK/run" || echo "stopped; call again to go on"
  ;;
score)
  [ -f "$WORK/run/checkpoint/conformal.json" ] || {
    deepsight synthesize model --out "$WORK/calibration" --images 300 --seed 700 --config runs/tiny_calibration.yaml
    deepsight train calibrate --model "$WORK/run/checkpoint" --data "$WORK/calibration"
  }
  deepsight benchmark depth-template --model "$WORK/run/checkpoint" --views 600 --training-views 1000 --threads "$CORES" --device "${DEVICE:-cuda}" \
    --json "${OUT:-$WORK}/depth_template.json" --report "${OUT:-$WORK}/depth_template.html"
  if [ -n "${OUT:-}" ]; then cp "$WORK"/run/checkpoint/* "$OUT"/; fi
  ;;
*)
  sed -n '2,6p' "$0"
  exit 2
  ;;
esac
