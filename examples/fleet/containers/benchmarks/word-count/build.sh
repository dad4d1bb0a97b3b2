#!/bin/sh
# Builds the image of one task: build.sh <image> <task>
set -eu
"${CONTAINER_ENGINE:-docker}" build \
  --build-arg "EVAL_TASK_ID=$2" \
  --build-arg "TEXTS_REF=c51ce410c124a10e0db5e4b97fc2af39aa5a1d3e" \
  -t "$1" "$(dirname "$0")"
