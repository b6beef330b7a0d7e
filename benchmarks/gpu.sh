#!/bin/sh
# Everything that needs a CUDA GPU, in one call: parity with the CPU, speed of indexing, memory,
# training steps a second, FAISS. Results are printed, and written as JSON into OUT_DIR.
# Usage: benchmarks/gpu.sh SPEECH_DIR [OUT_DIR]   (SPEECH_DIR holds manifest.csv)
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || {
  echo "expected a CUDA GPU that torch can use, found none: nothing here can be measured" >&2
  exit 1
}
speech=${1:?expected a folder of speech with manifest.csv}
out=${2:-gpu-results}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
nvidia-smi --query-gpu=name,memory.total --format=csv,noheader

echo "== parity of every family: bfloat16 on the GPU against float32 on the CPU"
"$python" -m pytest -q -m gpu

echo "== files to rows, and peak memory"
"$python" benchmarks/extract.py "$speech" --device cuda --files 5000 --out "$out/extract.json"

echo "== FAISS"
"$python" benchmarks/search_gpu.py --out "$out/search.json" || echo "FAISS: not measured"

echo "== training"
# The difference of two runs leaves out what both do before the first step.
seconds() {
  started=$(date +%s)
  .venv/bin/spkret train-encoder "$speech/manifest.csv" --device cuda --out "$work/encoder" "$@" >&2
  echo $(($(date +%s) - started))
}
for how in "" --compile; do
  rm -rf "$work"/*
  short=$(seconds --steps 200 $how)
  rm -rf "$work"/*
  long=$(seconds --steps 1200 $how)
  echo "train-encoder $how: 1000 steps in $((long - short)) s"
done | tee "$out/training.txt"
