"""`spkret verify`: one pair, or a list of them with figures and a threshold."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import (
    Command,
    Misused,
    device_option,
    json_option,
    log_option,
    model_option,
    store_option,
)
from .output import note, note_warnings, print_contributions, print_facts, print_json, print_table
from .rows import ROWS_FORMATS, save_rows
from .values import complete_recording

if TYPE_CHECKING:
    from ..matcher import PairEvaluation

_BAR = 24
_FACTS = ("a", "b", "same_speaker", "cosine", "asnorm", "probability", "encoder", "reranker")
_OF_LISTS = ("enrolment", "out", "prior", "false_alarm", "balanced", "threshold_prior")

_SCORES = {".txt": "voxceleb", ".tsv": "nist"}
"""Lists of scores, by the ending of the name that --out gives."""


def _check_out(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    endings = (*ROWS_FORMATS, *_SCORES)
    if path is not None and path.suffix.lower() not in endings:
        raise click.BadParameter(f"expected a name in {', '.join(endings)}, got {path.name}")
    return path


@click.command(
    "verify",
    cls=Command,
    examples={
        "spkret verify a.wav b.wav": "two recordings",
        "spkret verify --pairs pairs.txt": "figures of a labelled list",
        "spkret verify --pairs pairs.txt --threshold-at 0.01 --out scores.csv": (
            "keep the threshold that takes two speakers for one in 1 % of cases"
        ),
    },
    see_also=("query", "identify", "docs/verification.md", "docs/calibration.md"),
    sections={
        "Lists of pairs": (
            *(
                "--pairs",
                "--enrol",
                "--out",
                "--prior",
                "--threshold-at",
                "--balanced",
                "--threshold-prior",
            ),
        )
    },
)
@click.argument("a", required=False, shell_complete=complete_recording)
@click.argument("b", required=False, shell_complete=complete_recording)
@store_option
@click.option(
    "--pairs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Score these pairs instead, one a line: `1 a.wav b.wav` (VoxCeleb), `a b target` (Kaldi), "
    "`a b`; or NIST's TSV, or a CSV with enrolment, test and target.",
)
@click.option(
    "--enrol",
    "enrolment",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The recording of each model that the pairs name first: a CSV or TSV with modelid and "
    "segmentid.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_check_out,
    metavar="FILE",
    help="Write a row a pair into this .csv, .jsonl or .parquet; or `score a b` (VoxSRC) into this "
    ".txt, NIST's system output into this .tsv.",
)
@click.option(
    "--prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Prior of one speaker in the detection cost.  [default: 0.01]",
)
@click.option(
    "--threshold-at",
    "false_alarm",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="RATE",
    help="Save the threshold with at most this false-alarm rate in the store.",
)
@click.option(
    "--balanced", is_flag=True, help="Save the threshold where both kinds of error are equal."
)
@click.option(
    "--threshold-prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Save the threshold of least cost at this prior of one speaker.",
)
@click.option("--explain", is_flag=True, help="Say in words what speaks for and against.")
@model_option
@device_option
@log_option
@json_option
def verify(
    a: str | None,
    b: str | None,
    store_path: Path | str,
    pairs: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say whether recordings A and B are spoken by one speaker.

    The decision is by the threshold that --pairs saved in the store, since none fits all
    recordings; without one, by equal odds of the calibrated probability.

    With --pairs, every pair is scored, and where the list says which have one speaker, every system
    is measured: EER (the error rate where both kinds of error are equally frequent), minDCF (the
    least cost of decisions at --prior), Cllr and minCllr (how good the probabilities are, as they
    stand and at best), with 95 % intervals, and a histogram of scores.
    """
    if pairs is not None:
        if a is not None:
            raise Misused("expected either two recordings or --pairs, got both")
        if options.pop("explain"):
            raise Misused("expected two recordings with --explain, got --pairs")
        _verify_pairs(store_path, pairs, as_json, options)
        return
    if a is None or b is None:
        raise Misused("expected two recordings, or --pairs FILE; see: spkret verify --help")
    if any(options[name] for name in _OF_LISTS):
        raise Misused("expected --pairs FILE with the options of lists, got two recordings")
    _verify_pair(store_path, a, b, as_json, options)


def _verify_pair(
    store_path: Path | str, a: str, b: str, as_json: bool, options: Mapping[str, Any]
) -> None:
    from .. import api
    from .progress import Working

    shared = {name: options[name] for name in ("explain", "log", "model", "device")}
    with Working("comparing"):
        result = api.verify(store_path, a, b, **shared).to_dict()
    if as_json:
        print_json(result)
        return
    note_warnings(result)
    print_facts({name: result[name] for name in _FACTS} | _decided(result["decision"]))
    if options["explain"]:
        click.echo(f"\n{result['explanation']}\n\nwhat moved the score:")
        print_contributions(result)


def _decided(decision: Mapping[str, Any] | None) -> dict[str, object]:
    if decision is None:
        return {}
    score, threshold = decision["score"], decision["threshold"]
    return {
        "decided by": f"{decision['system']} {score:.3f} against {threshold:.3f}",
        "threshold from": decision["source"],
    }


def _verify_pairs(
    store_path: Path | str, pairs: Path, as_json: bool, options: Mapping[str, Any]
) -> None:
    from .. import api
    from .progress import Working

    given = {name: value for name, value in options.items() if name != "out" and value is not None}
    with Working("comparing pairs"):
        evaluation = api.verify_pairs(store_path, pairs, **given)
    if options["out"] is not None:
        _save(evaluation, options["out"])
    if as_json:
        print_json(evaluation.to_dict())
        return
    _print_evaluation(evaluation)
    if options["out"] is not None:
        click.echo(f"{evaluation.pairs} scores written to {options['out']}")


def _save(evaluation: "PairEvaluation", out: Path) -> None:
    """Write a row a pair, or the deciding scores as a list, in the order of the pairs."""
    from ..interchange.lists.pairs import SCORES, ListedPair, no_ratios

    form = _SCORES.get(out.suffix.lower())
    if form is None:
        save_rows(evaluation.rows, out)
        return
    left = "model" if "model" in evaluation.rows.column_names else "a"
    columns = (left, "b", "same_speaker", evaluation.system)
    rows = zip(*(evaluation.rows[name].to_pylist() for name in columns), strict=True)
    SCORES[form](out, [ListedPair(*row) for row in rows])
    if form == "nist" and evaluation.reranker is None:
        note(no_ratios(evaluation.pairs, evaluation.pairs))


def _print_evaluation(evaluation: "PairEvaluation") -> None:
    result = evaluation.to_dict()
    note_warnings(result)
    click.echo(
        f"{evaluation.pairs} pairs, {evaluation.targets} of one speaker and"
        f" {evaluation.nontargets} of two; {evaluation.speakers} speakers;"
        f" {evaluation.skipped} skipped"
    )
    if result["systems"]:
        _print_systems(result["systems"], evaluation.prior)
        _print_histogram(result["histogram"])
    if evaluation.threshold is not None:
        _print_threshold(result["threshold"])


def _print_systems(systems: Mapping[str, Mapping[str, Any]], prior: float) -> None:
    names = ("eer", "min_dcf", "actual_dcf", "cllr", "min_cllr")
    titles = ("EER %", f"minDCF({prior:g})", f"DCF({prior:g})", "Cllr", "minCllr")
    rows = [
        (system, *(_measured(figures, name, 100 if name == "eer" else 1) for name in names))
        for system, figures in systems.items()
    ]
    print_table(("system", *titles), rows)


def _measured(figures: Mapping[str, Any], name: str, scale: float) -> str | None:
    if figures[name] is None:
        return None
    low, high = (scale * bound for bound in figures[f"{name}_ci"])
    digits = 1 if scale > 1 else 3
    return f"{scale * figures[name]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _print_histogram(histogram: Mapping[str, Any]) -> None:
    """Print a line a bin: its lower edge, and bars of two speakers and of one."""
    largest = [max(histogram[kind]) for kind in ("nontargets", "targets")]
    click.echo(f"\n{histogram['system']:>10}  {'two speakers':<{_BAR + 8}}  one speaker")
    bins = zip(histogram["edges"], histogram["nontargets"], histogram["targets"], strict=False)
    for edge, apart, same in bins:
        left, right = (
            f"{'#' * -(-_BAR * count // most)} {count or ''}".strip()
            for count, most in zip((apart, same), largest, strict=True)
        )
        click.echo(f"{edge:>10.2f}  {left:<{_BAR + 8}}  {right}".rstrip())


def _print_threshold(threshold: Mapping[str, Any]) -> None:
    miss, false_alarm = (100 * threshold[name] for name in ("miss", "false_alarm"))
    click.echo(
        f"\nthreshold saved: {threshold['system']} {threshold['value']:.3f}, {threshold['rule']};"
        f" misses {miss:.1f} %, false alarms {false_alarm:.2f} %"
    )
