#!/usr/bin/env bash
# Rates of the batched renderer and noise on a GPU, beside those of one core.
# Needs the repository and torch. Resumable: a picture size that has its report is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."
out="${OUT:-out/gpu_synthesis}"
device="${DEVICE:-cuda}"
mkdir -p "$out"
export OMP_NUM_THREADS=1
for size in 128x96 320x240 640x480; do
  report="$out/synthesis_$size.json"
  if [ -s "$report" ]; then
    echo "$report is there already"
    continue
  fi
  python3 -m deepsight_ros.cli.main benchmark synthesis --images 90 --device "$device" \
    --width "${size%x*}" --height "${size#*x}" --json "$report"
done
