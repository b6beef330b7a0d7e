#!/bin/sh
# Everything that needs a CUDA GPU, in one call: parity with the CPU, the throughput of indexing on
# each, and a short training run. Usage: benchmarks/gpu.sh SPEECH_DIR (a folder with manifest.csv)
set -eu
cd "$(dirname "$0")/.."
speech=${1:?expected a folder of speech with manifest.csv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m pytest -q -m gpu
.venv/bin/spkret index "$speech" --store "$work/cpu" --device cpu
.venv/bin/spkret index "$speech" --store "$work/gpu" --device cuda
.venv/bin/spkret train-encoder "$speech/manifest.csv" --out "$work/encoder" --device cuda --steps 2000
