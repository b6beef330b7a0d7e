"""How often spkret names the right file: real speech, unseen speakers, all systems side by side.

`standard`   files as they are; 200 records for each (source, language) of five speakers or more.
`conditions` every file in its own random condition (see conditions.py); negatives of the anchor's
             gender where there are enough.

A record is an anchor, one other file of its speaker, and 49 files of other speakers of the same
source and language. Top-1 is the mean of the cells. Encoders are `NAME` or `NAME=MODEL`, MODEL what
`spkret index --model` takes; `mfcc` is a small one that is built here, of MFCC statistics. Where no
reranker ships for an encoder, one is trained as the shipped one is, on other speakers. With
`--work`, audio, embeddings, encoders and rerankers are kept and used again; remove a folder to have
it made anew.

    python benchmarks/quality.py --work FOLDER --out quality.json --markdown quality.md
    python benchmarks/quality.py --quick --split dev
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from quality_parts.grounds import PROTOCOLS, Corpus
from quality_parts.markdown import document
from quality_parts.plan import FULL, QUICK
from quality_parts.results import EncoderResult, Results
from quality_parts.run import Run
from train_default_reranker import SPEECH
from train_default_reranker import SPLITS as TRAINING

import spkret


def main() -> None:
    """Measure every encoder, print tables, write JSON and markdown."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)) / ("quick" if options.quick else "full")
        plan = QUICK if options.quick else FULL
        corpus = Corpus(options.speech, work, options.split, plan, options.seed)
        training = [split for split in options.training if split != options.split]
        run = Run(corpus, options.protocol, training, options.ablate)
        found: dict[str, EncoderResult] = {}
        results = Results(spkret.__version__, options.split, options.seed, asdict(plan), found)
        for given in options.encoder or ["compact", "mfcc"]:
            name, result = run.encoder(given)
            found[name] = result
            _write(results, options)
    print(document(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH, help="has manifest.csv, noise.csv")
    parser.add_argument("--split", default="test", help="whose speakers are measured on")
    parser.add_argument("--encoder", action="append", help="NAME or NAME=MODEL, several times")
    parser.add_argument("--protocol", nargs="+", default=PROTOCOLS, choices=PROTOCOLS)
    parser.add_argument("--training", nargs="+", default=TRAINING, help="splits for rerankers")
    parser.add_argument("--ablate", nargs="*", default=["compact"], help="encoders by name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep audio, stores and rerankers here")
    parser.add_argument("--out", type=Path, help="JSON file to write, after each encoder")
    parser.add_argument("--markdown", type=Path, help="file of tables to write, likewise")
    parser.add_argument("--quick", action="store_true", help="a little of everything")
    return parser.parse_args()


def _write(results: Results, options: argparse.Namespace) -> None:
    if options.out:
        options.out.write_text(json.dumps(asdict(results), indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(document(results))


if __name__ == "__main__":
    main()
