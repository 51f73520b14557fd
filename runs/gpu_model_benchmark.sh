#!/usr/bin/env bash
# Speed, bandwidth share, MFU and memory on a GPU: the shipped shape, then CLIP-L with Llama-7B (random weights).
# Needs the repository, torch and transformers. Resumable: a report that is there is not measured again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON="${PYTHON:-python3}" OUT="${OUT:-out/gpu_model_benchmark}" DEVICE="${DEVICE:-cuda}"
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
mkdir -p "$OUT"
for row in "tiny float32" "tiny bfloat16" "llama-7b bfloat16"; do
  read -r shape dtype <<<"$row"
  report="$OUT/model_${shape}_$dtype.json"
  if [ -s "$report" ]; then
    echo "$report is there already"
    continue
  fi
  "$PYTHON" -m deepsight_ros.cli.main benchmark model --shape "$shape" --dtype "$dtype" --device "$DEVICE" --json "$report"
done
