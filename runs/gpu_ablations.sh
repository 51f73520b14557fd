#!/usr/bin/env bash
# Ablations as trends on a GPU (docs/model.md). Needs the repository, torch, transformers, accelerate, pyarrow; no ROS.
# Resumable: shards, steps inside an arm and arms that are done are not done again. AXES="box encoding" runs some axes only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON="${PYTHON:-python3}"
WORK="${WORK_DIR:-out/gpu_ablations}" OUT="${OUT:-$WORK}"
IMAGES="${IMAGES:-6000}" STEPS="${STEPS:-2000}" SEEDS="${SEEDS:-3}" BATCH="${BATCH:-32}" VIEWS="${VIEWS:-300}"
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
deepsight() { "$PYTHON" -m deepsight_ros.cli.main "$@"; }
mkdir -p "$WORK" "$OUT"
data="$WORK/data"
[ -f "$data/manifest.json" ] || deepsight synthesize model --out "$data" --images "$IMAGES" --seed 501
axes=()
for axis in ${AXES:-}; do axes+=(--axis "$axis"); done
deepsight benchmark ablations --data "$data" --out "$WORK/arms" --steps "$STEPS" --batch "$BATCH" --seeds "$SEEDS" \
  --views "$VIEWS" "${axes[@]}" --json "$OUT/ablations.json" "$@" | tee "$OUT/ablations.txt"
