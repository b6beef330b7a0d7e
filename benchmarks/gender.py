"""How often spkret errs on women's and on men's voices: groups of one gender, unseen speakers.

A record is an anchor, one other file of its speaker, and 49 files of others of the same source,
language and gender. Only sources take part that can fill such groups for both genders, each with as
many records of either, so that the two differ by gender and not by source. Files as they are
(`standard`), and each in its own random condition (`conditions`). With `--work`, audio and
embeddings are kept and used again.

    python benchmarks/gender.py --work FOLDER --out gender.json
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from quality_parts import audio, figures
from quality_parts.drawing import Draw, draw
from quality_parts.encoders import shipped_reranker
from quality_parts.grounds import CONDITIONS, PROTOCOLS, Ground
from quality_parts.plan import GROUP, Row
from quality_parts.results import Share
from quality_parts.scoring import Arena, Scores
from train_default_reranker import SPEECH, read_rows, write_manifest

from spkret.metrics import bootstrap_interval, eer
from spkret.rerank.ranker import Reranker

GENDERS = ("f", "m")


@dataclass(frozen=True, slots=True)
class GenderFigures:
    """One gender: top-1 by the reranker and by cosine, and the EER of pairs of that gender."""

    records: int
    speakers: int
    reranker: Share
    cosine: Share
    eer: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One rendering of the recordings; `difference` is women's top-1 less men's, the reranker's."""

    genders: dict[str, GenderFigures]
    cells: dict[str, Share]
    difference: Share


def main() -> None:
    """Measure both renderings, print JSON and write it."""
    options = _options()
    reranker = shipped_reranker(options.encoder)
    if reranker is None:
        raise SystemExit(f"expected an encoder with a shipped reranker, got {options.encoder}")
    rows = two_gendered(read_rows(options.speech / "manifest.csv", (options.split,)))
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        found = {
            protocol: asdict(_measured(protocol, rows, work, reranker, options))
            for protocol in PROTOCOLS
        }
    text = json.dumps({"encoder": options.encoder, "split": options.split, **found}, indent=2)
    print(text)
    if options.out:
        options.out.write_text(f"{text}\n")


def two_gendered(rows: Sequence[Row]) -> list[Row]:
    """Keep rows of cells that fill groups for both genders, their cell being of one gender."""
    labelled = [
        {**row, "source": f"{row['source']}/{row['gender']}"} for row in rows if row["gender"]
    ]
    probe = draw(labelled, 1, np.random.default_rng(0), size=GROUP, least=GROUP)
    filled = {one.cell for one in probe}
    return [row for row in labelled if {_cell(row, gender) for gender in GENDERS} <= filled]


def _cell(row: Row, gender: str) -> str:
    return f"{row['source'].rpartition('/')[0]}/{gender}/{row['language']}"


def _measured(
    protocol: str,
    rows: Sequence[Row],
    work: Path,
    reranker: Reranker,
    options: argparse.Namespace,
) -> Comparison:
    folder = options.speech
    if protocol == CONDITIONS:
        folder = work / "audio"
        rows = audio.render(rows, options.speech, folder, options.seed)
    manifest = work / f"{protocol}.csv"
    write_manifest(rows, manifest)
    store = Ground(f"{protocol}-gender", folder, manifest).store(work, options.encoder)
    rng = np.random.default_rng(options.seed)
    drawn = draw(rows, options.records, rng, size=GROUP, least=GROUP)
    return compare(Arena.of(store, drawn, GROUP, reranker).score(reranker))


def compare(scores: Scores) -> Comparison:
    """Measure each gender, whose cells weigh the same, and the difference."""
    genders = np.array([gender_of(one) for one in scores.draws])
    found = {name: _one(scores, genders == name) for name in GENDERS}
    parts = figures.parts(scores, scores.cells)
    return Comparison(
        genders=found,
        cells={cell: part.systems["reranker"] for cell, part in parts.items()},
        difference=_difference(scores, genders, found),
    )


def _difference(scores: Scores, genders: np.ndarray, found: Mapping[str, GenderFigures]) -> Share:
    """Women's top-1 less men's.

    Its interval is that of the deviations from either mean, so that it does not grow where a
    resample of the speakers holds more of one gender.
    """
    means = np.array([found[name].reranker.top1 for name in genders])
    deviations = figures.even(scores.hits()["reranker"], scores.cells) - means
    low, high = bootstrap_interval(np.where(genders == "f", 2, -2) * deviations, scores.speakers)
    gap = found["f"].reranker.top1 - found["m"].reranker.top1
    return Share(gap, (gap + low, gap + high))


def gender_of(one: Draw) -> str:
    """Return the gender that is part of a record's cell."""
    return one.cell.split("/")[1]


def _one(scores: Scores, inside: np.ndarray) -> GenderFigures:
    pairs = np.repeat(inside, scores.groups.sizes)
    odds, is_match = scores.log_odds[pairs], scores.is_match[pairs]
    speakers, cells = scores.speakers[inside], scores.cells[inside]
    shares = {
        name: figures.share(figures.even(hits[inside], cells), speakers)
        for name, hits in scores.hits().items()
    }
    return GenderFigures(
        records=int(inside.sum()),
        speakers=len(np.unique(speakers)),
        reranker=shares["reranker"],
        cosine=shares["cosine"],
        eer=eer(odds[is_match], odds[~is_match]),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, default=SPEECH, help="has manifest.csv, noise.csv")
    parser.add_argument("--split", default="test", help="whose speakers are measured on")
    parser.add_argument("--encoder", default="compact", help="one that has a shipped reranker")
    parser.add_argument("--records", type=int, default=250, help="a source, language and gender")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep audio and stores here")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
