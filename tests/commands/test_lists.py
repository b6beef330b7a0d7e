"""Lists of other tools on the command line: NIST's models, manifests, trials and scores."""

import json
from pathlib import Path

import pytest
from builders import labelled_table, matched_store
from click.testing import CliRunner, Result

from spkret.cli import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lists")
    matched_store(made / "store", labelled_table(12, 3))
    return made


def run(folder: Path, *arguments: object) -> Result:
    command, *others = map(str, arguments)
    return CliRunner().invoke(cli, [command, "--store", str(folder / "store"), *others])


def test_nist_models_are_verified_and_their_scores_written(folder: Path) -> None:
    enrolment, pairs = folder / "enrolment.tsv", folder / "trials.tsv"
    enrolment.write_text("modelid\tsegmentid\tside\nm1\ts0/0.wav\ta\nm2\ts1/0.wav\ta\n")
    pairs.write_text("modelid\tsegmentid\tside\nm1\ts0/1.wav\ta\nm2\ts0/2.wav\ta\n")
    result = run(folder, "verify", "--pairs", pairs, "--enrol", enrolment)
    assert result.exit_code == 0, result.output
    assert "2 pairs" in result.output
    out = folder / "out" / "scores.tsv"
    result = run(folder, "export", "--what", "scores", "--out", out, "--format", "nist")
    assert result.exit_code == 0, result.output
    assert "2 of 2 scores are no log-likelihood ratios" in result.output
    header, *lines = [line.split("\t") for line in out.read_text().splitlines()]
    assert header == ["modelid", "segmentid", "side", "LLR"]
    assert [line[:2] for line in lines] == [["s0/0.wav", "s0/1.wav"], ["s1/0.wav", "s0/2.wav"]]
    mine = folder / "mine.tsv"
    result = run(folder, "verify", "--pairs", pairs, "--enrol", enrolment, "--out", mine)
    assert result.exit_code == 0, result.output
    _, *lines = [line.split("\t") for line in mine.read_text().splitlines()]
    assert [line[:3] for line in lines] == [["m1", "s0/1.wav", "a"], ["m2", "s0/2.wav", "a"]]


def test_an_enrolment_goes_with_pairs(folder: Path) -> None:
    enrolment = folder / "one.tsv"
    enrolment.write_text("modelid\tsegmentid\nm1\ts0/0.wav\n")
    result = run(folder, "verify", "s0/0.wav", "s0/1.wav", "--enrol", enrolment)
    assert result.exit_code == 2
    assert "expected --pairs FILE" in result.output


def test_a_manifest_is_filtered(folder: Path) -> None:
    out = folder / "m.csv"
    result = run(folder, "export", "--what", "manifest", "--out", out, "--language", "es")
    assert result.exit_code == 0, result.output
    rows = out.read_text().splitlines()
    assert result.output == f"{len(rows) - 1} recordings written to {out}\n"
    assert all(",es," in row for row in rows[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--what", "manifest", "--out", "m.xml"), "expected a --format of csv, tsv, jsonl"),
        (("--what", "scores", "--out", "s.csv", "--where", "nonsense = 1"), "nonsense"),
        (("--what", "trials", "--out", "t.jsonl"), "see spkret evaluate"),
    ],
)
def test_mistakes_are_one_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(folder, "export", *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("name", ["scores.txt", "scores.tsv"])
def test_scores_keep_the_order_of_the_pairs(folder: Path, name: str) -> None:
    pairs, out = folder / "pairs.txt", folder / name
    names = [("s3/0.wav", "s3/1.wav"), ("s1/0.wav", "s2/1.wav"), ("s2/0.wav", "s2/2.wav")]
    pairs.write_text("".join(f"{left} {right}\n" for left, right in names))
    result = run(folder, "verify", "--pairs", pairs, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert ("3 of 3 scores are no log-likelihood ratios" in result.stderr) == (out.suffix == ".tsv")
    system = json.loads(result.stdout)["system"]
    again = run(folder, "verify", "--pairs", pairs, "--out", folder / "rows.jsonl")
    assert again.exit_code == 0, again.output
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    lines = [line.split() for line in out.read_text().splitlines()]
    if name.endswith("tsv"):
        lines = [[score, left, right] for left, right, _, score in lines[1:]]
    assert [(left, right) for _, left, right in lines] == names
    assert [float(line[0]) for line in lines] == pytest.approx([row[system] for row in rows])
