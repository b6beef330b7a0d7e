"""How often spkret names the right file: real speech, unseen speakers, two protocols.

`standard`   files as they are; 200 records for each (source, language) of five speakers or more.
`conditions` every file in its own random condition (see conditions.py); 1,000 records; negatives of
             the anchor's gender where there are enough.

A record is an anchor, one other file of its speaker, and 49 files of other speakers of the same
source and language. Prints tables, writes JSON.

    python benchmarks/quality.py --manifest ../shared/speech/manifest.csv --split test
"""

import argparse
import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import conditions
import numpy as np
import soundfile

import spkret
from spkret.matcher import evaluate
from spkret.metrics import bootstrap_interval
from spkret.rerank.trials import Trial

SPEECH = Path(__file__).resolve().parents[2] / "shared" / "speech"
GROUP = 50
LEAST_SPEAKERS = 5
CELL_RECORDS = 200

Row = dict[str, str]


def main() -> None:
    """Run the protocols that were asked for and print what came out."""
    options = _options()
    with options.manifest.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == options.split]
    results = {}
    for protocol in options.protocol:
        with tempfile.TemporaryDirectory() as scratch:
            work = options.work / protocol if options.work else Path(scratch)
            work.mkdir(parents=True, exist_ok=True)
            results[protocol] = PROTOCOLS[protocol](rows, options, work)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, default=SPEECH / "manifest.csv")
    parser.add_argument("--sounds", type=Path, help="noise table; by default beside the manifest")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="compact")
    parser.add_argument("--protocol", nargs="+", default=list(PROTOCOLS), choices=PROTOCOLS)
    parser.add_argument("--records", type=int, default=1000, help="of the protocol conditions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep audio and stores here, and reuse them")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def run_standard(rows: Sequence[Row], options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The standard protocol: untreated files, every cell counts the same."""
    _write_manifest(rows, work / "manifest.csv")
    store = spkret.open(work / "store", options.model)
    spkret.index(options.manifest.parent, store, work / "manifest.csv", options.model)
    rng = np.random.default_rng(options.seed)
    drawn = [
        (cell, trial)
        for cell, members in _cells(rows, LEAST_SPEAKERS).items()
        for trial in _draw(members, cell, CELL_RECORDS, rng, by_gender=False)
    ]
    result = evaluate(store, [trial for _, trial in drawn]).to_dict()
    outcomes = _outcomes(store, drawn, rows)
    table = {cell: _summary([o for o in outcomes if o["cell"] == cell]) for cell, _ in drawn}
    mean = {s: float(np.mean([cell[s]["top1"] for cell in table.values()])) for s in SYSTEMS}
    mean_ci = {s: _interval_of_mean(outcomes, s) for s in SYSTEMS}
    _print("standard protocol, untreated", table)
    _print_mean(mean, mean_ci)
    _print_systems(result)
    return {"cells": table, "mean": mean, "mean_ci": mean_ci, "evaluation": result}


def run_conditions(rows: Sequence[Row], options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Every file in its own random condition; records are drawn evenly over the cells."""
    sounds = conditions.read_sounds(options.sounds or options.manifest.parent / "noise.csv")
    rendered = [_render(row, options, sounds, work / "audio") for row in rows]
    _write_manifest(rendered, work / "audio" / "manifest.csv")
    store = spkret.open(work / "store", options.model)
    spkret.index(work / "audio", store, model=options.model)
    rng = np.random.default_rng(options.seed)
    cells = _cells(rendered, LEAST_SPEAKERS)
    share = -(-options.records // len(cells))
    drawn = [
        (c, t)
        for c, members in cells.items()
        for t in _draw(members, c, share, rng, by_gender=True)
    ]
    kept = rng.permutation(len(drawn))[: options.records]
    drawn = [drawn[i] for i in sorted(kept)]
    result = evaluate(store, [trial for _, trial in drawn]).to_dict()
    outcomes = _outcomes(store, drawn, rendered)
    pairs = sorted({o["pair"] for o in outcomes})
    table = {pair: _summary([o for o in outcomes if o["pair"] == pair]) for pair in pairs}
    table["all"] = _summary(outcomes)
    _print("random conditions, anchor -> match", table)
    _print_systems(result)
    return {"pairs": table, "evaluation": result}


PROTOCOLS = {"standard": run_standard, "conditions": run_conditions}
SYSTEMS = ("cosine", "reranker")


def _render(row: Row, options: argparse.Namespace, sounds: conditions.Sounds, folder: Path) -> Row:
    """Write one file in its condition; a source that is a telephone call stays communication."""
    rng = conditions.generator(row["path"], options.seed)
    drawn = str(rng.choice(conditions.CONDITIONS))
    condition = "communication" if row["noise"] == "communication" else drawn
    target = folder / Path(row["path"]).with_suffix(".flac")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        wave = conditions.read_wave(options.manifest.parent / row["path"])
        soundfile.write(target, conditions.render(wave, condition, sounds, rng), conditions.RATE)
    return {**row, "path": target.relative_to(folder).as_posix(), "noise": condition}


def _write_manifest(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _cells(rows: Sequence[Row], least_speakers: int) -> dict[str, list[Row]]:
    cells = defaultdict(list)
    for row in rows:
        cells[f"{row['source']}/{row['language']}"].append(row)
    return {
        name: members
        for name, members in sorted(cells.items())
        if len({row["speaker"] for row in members}) >= least_speakers and _repeats(members)
    }


def _repeats(members: Sequence[Row]) -> bool:
    return len({row["speaker"] for row in members}) < len(members)


def _draw(
    members: Sequence[Row], cell: str, records: int, rng: np.random.Generator, by_gender: bool
) -> list[Trial]:
    """Records of one cell; a speaker gives several negatives where the cell has few speakers."""
    speakers = np.array([row["speaker"] for row in members])
    genders = np.array([row["gender"] for row in members])
    names, counts = np.unique(speakers, return_counts=True)
    trials = []
    for number in range(records):
        speaker = rng.choice(names[counts > 1])
        anchor, match = rng.choice(np.flatnonzero(speakers == speaker), 2, replace=False)
        alike = genders == genders[anchor] if by_gender else np.ones(len(members), bool)
        others = _negatives(speakers, speakers != speaker, alike, rng)
        group = rng.permutation([match, *others])
        paths = [members[i]["path"] for i in group]
        trials.append(
            Trial(f"{cell}#{number}", members[anchor]["path"], tuple(paths), members[match]["path"])
        )
    return trials


def _negatives(
    speakers: np.ndarray, other: np.ndarray, alike: np.ndarray, rng: np.random.Generator
) -> list[int]:
    """Up to 49 files: of those alike if they suffice, and of new speakers before speakers seen."""
    order = rng.permutation(np.flatnonzero(other))
    seen: dict[str, int] = defaultdict(int)
    turns = []
    for i in order:
        turns.append((not alike[i], seen[speakers[i]]))
        seen[speakers[i]] += 1
    if sum(alike & other) < GROUP - 1:
        turns = [(False, turn) for _, turn in turns]
    ranked = sorted(range(len(order)), key=turns.__getitem__)
    return [int(order[i]) for i in ranked[: GROUP - 1]]


def _outcomes(
    store: Any, drawn: Sequence[tuple[str, Trial]], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """Whether each system ranked the match first, read from the store's own log of scores."""
    query = """
        SELECT trial_id, bool_or(is_match AND rank = 1) AS reranker,
               arg_max(is_match, cosine) AS cosine,
               any_value(anchor_noise) || '->' || arg_max(candidate_noise, is_match::int) AS pair
        FROM scores WHERE created_at = (SELECT max(created_at) FROM scores)
        GROUP BY trial_id"""
    found = {row["trial_id"]: row for row in spkret.sql(store, query).to_arrow_table().to_pylist()}
    speakers = {row["path"]: row["speaker"] for row in rows}
    return [
        {**found[trial.id], "cell": cell, "speaker": speakers[trial.anchor]}
        for cell, trial in drawn
    ]


def _summary(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    speakers = np.array([o["speaker"] for o in outcomes])
    summary: dict[str, Any] = {"records": len(outcomes)}
    for system in SYSTEMS:
        hits = np.array([o[system] for o in outcomes], float)
        summary[system] = {"top1": hits.mean(), "ci": bootstrap_interval(hits, speakers)}
    return summary


def _interval_of_mean(outcomes: Sequence[dict[str, Any]], system: str) -> tuple[float, float]:
    """Interval of the mean over cells: each record weighs one over its cell's records."""
    counts: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        counts[outcome["cell"]] += 1
    weights = np.array([1 / counts[o["cell"]] for o in outcomes])
    values = np.array([o[system] for o in outcomes], float) * weights / weights.mean()
    return bootstrap_interval(values, np.array([o["speaker"] for o in outcomes]))


def _print(title: str, table: dict[str, dict[str, Any]]) -> None:
    print(f"\n{title}\n{'':34} records   cosine top-1            reranker top-1")
    for name, row in table.items():
        cells = (
            f"{row[s]['top1']:6.1%} ({row[s]['ci'][0]:.1%} to {row[s]['ci'][1]:.1%})".ljust(26)
            for s in SYSTEMS
        )
        print(f"{name:34} {row['records']:7}  {''.join(cells)}", flush=True)


def _print_systems(result: dict[str, Any]) -> None:
    """Every system on all the records together, whatever their cell."""
    print(f"\n{'all records':12} top-1                     EER    minDCF")
    for name, found in result["systems"].items():
        low, high = found["top1_ci"]
        top1 = f"{found['top1']:6.1%} ({low:.1%} to {high:.1%})".ljust(26)
        print(f"{name:12}{top1}{found['eer']:6.1%} {found['min_dcf']:7.3f}")
    for name, found in result["differences"].items():
        low, high = found["top1_ci"]
        print(f"reranker less {name}: {found['top1']:+.1%} ({low:+.1%} to {high:+.1%})")
    print(f"calibration: {result['calibration']}", flush=True)


def _print_mean(mean: dict[str, float], intervals: dict[str, tuple[float, float]]) -> None:
    shown = (f"{s} {mean[s]:.1%} ({intervals[s][0]:.1%} to {intervals[s][1]:.1%})" for s in SYSTEMS)
    print("mean of the cells: " + ", ".join(shown), flush=True)


if __name__ == "__main__":
    main()
