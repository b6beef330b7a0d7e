"""Every SQL block of the documentation answers on an evaluated store, and answers rightly."""

import json
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest
from sklearn.metrics import roc_curve

from spkret.analysis.doctor.selftest import CORPUS
from spkret.cli import cli
from spkret.store.sql import query
from spkret.store.store import Store

Rows = list[dict[str, Any]]

DOCS = Path(__file__).parents[1] / "docs"
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.M | re.S)
BLOCK = re.compile(r"^```sql\n(.*?)^```", re.M | re.S)
ANALYSES = {
    title: BLOCK.findall(text)
    for title, text in SECTION.findall((DOCS / "analyses.md").read_text("utf-8"))
}
ALL = [
    *(("analyses.md", block) for block in BLOCK.findall((DOCS / "analyses.md").read_text("utf-8"))),
    *(("sql.md", block) for block in BLOCK.findall((DOCS / "sql.md").read_text("utf-8"))),
]


@dataclass(frozen=True)
class Evaluated:
    """An evaluated store, and what `evaluate` said of it."""

    store: Store
    figures: dict[str, Any]

    def rows(self, sql: str) -> Rows:
        return list(query(self.store, sql).to_arrow_table().to_pylist(maps_as_pydicts="strict"))

    def answer(self, title: str) -> Rows:
        [block] = ANALYSES[title]
        return self.rows(block)

    @cached_property
    def candidates(self) -> Rows:
        return self.rows(
            "select * exclude (features), features['plda'] as plda from scores"
            " where is_match is not null"
        )

    def trials(self) -> list[Rows]:
        grouped = defaultdict(list)
        for row in self.candidates:
            grouped[row["query_id"]].append(row)
        return [sorted(rows, key=lambda row: row["rank"]) for rows in grouped.values()]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """The example corpus, evaluated; beside it a copy under another name, and a broken file."""
    folder = tmp_path_factory.mktemp("analyses")
    store, trials, more = folder / "store", folder / "trials.jsonl", folder / "more"
    more.mkdir()
    shutil.copy(CORPUS / "en" / "032.opus", more / "copy.opus")
    (more / "broken.wav").write_text("no audio")
    (more / "manifest.csv").write_text(
        "path,speaker,language\ncopy.opus,another,en\nbroken.wav,another,en\n"
    )
    run("index", CORPUS, "--store", store)
    run("make-trials", "--records", 200, "--group-size", 24, "--out", trials, "--store", store)
    figures = json.loads(run("evaluate", trials, "--json", "--store", store))
    run("index", more, "--store", store)
    return Evaluated(Store.open(store), figures)


@pytest.mark.parametrize(
    ("page", "sql"), ALL, ids=[f"{page}-{i}" for i, (page, _) in enumerate(ALL)]
)
def test_every_block_returns_rows(evaluated: Evaluated, page: str, sql: str) -> None:
    assert evaluated.rows(sql), page


def test_no_analysis_is_without_its_query_and_its_output() -> None:
    text = (DOCS / "analyses.md").read_text("utf-8")
    assert len(ANALYSES) >= 10
    assert all(len(blocks) == 1 for blocks in ANALYSES.values())
    assert text.count("```sql\n") == text.count("```text\n")


def test_top1_of_noise_pairs_is_what_evaluate_reports(evaluated: Evaluated) -> None:
    rows = evaluated.answer("Which conditions go wrong?")
    reported = evaluated.figures["by_noise"]
    assert {row["noise"] for row in rows} == set(reported)
    for row in rows:
        expected = reported[row["noise"]]
        assert row["trials"] == expected["records"]
        assert row["top1"] == pytest.approx(100 * expected["reranker"])
        right = round(expected["reranker"] * expected["records"])
        interval = binomtest(right, expected["records"]).proportion_ci(method="wilson")
        assert row["low"] == pytest.approx(100 * interval.low, abs=0.01)
        assert row["high"] == pytest.approx(100 * interval.high, abs=0.01)


def test_top1_of_the_evaluation_is_what_evaluate_reports(evaluated: Evaluated) -> None:
    [first, *_] = BLOCK.findall((DOCS / "analyses.md").read_text("utf-8"))
    [row] = evaluated.rows(first)
    assert row["queries"] == evaluated.figures["records"]
    assert row["top1"] == pytest.approx(100 * evaluated.figures["systems"]["reranker"]["top1"])


def test_hard_speakers_are_those_of_the_missed_trials(evaluated: Evaluated) -> None:
    speakers = dict(query(evaluated.store, "select id, speaker from recordings").fetchall())
    trials, missed = Counter[str](), Counter[str]()
    for rows in evaluated.trials():
        speaker = speakers[rows[0]["anchor_id"]]
        trials[speaker] += 1
        missed[speaker] += not rows[0]["is_match"]
    found = evaluated.answer("Which speakers are hard?")
    assert found[0]["missed"] / found[0]["trials"] == max(missed[s] / trials[s] for s in trials)
    for row in found:
        assert (row["trials"], row["missed"]) == (trials[row["speaker"]], missed[row["speaker"]])
    pairs = Counter(
        (speakers[rows[0]["anchor_id"]], speakers[rows[0]["candidate_id"]])
        for rows in evaluated.trials()
        if not rows[0]["is_match"]
    )
    for row in evaluated.answer("Who is taken for whom?"):
        assert row["errors"] == pairs[row["speaker"], row["taken_for"]]


def test_drift_counts_every_trial_once(evaluated: Evaluated) -> None:
    rows = evaluated.answer("Do scores drift with the length of the speech?")
    assert sum(row["trials"] for row in rows) == evaluated.figures["records"]
    matches = [row["cosine"] for row in evaluated.candidates if row["is_match"]]
    mean = sum(row["match_cosine"] * row["trials"] for row in rows) / len(matches)
    assert mean == pytest.approx(np.mean(matches), abs=1e-6)


def test_thresholds_agree_with_scikit_learn(evaluated: Evaluated) -> None:
    pairs = evaluated.candidates
    labels = [pair["is_match"] for pair in pairs]
    scores = [pair["plda"] for pair in pairs]
    alarms, hits, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    points = {float(t): (1 - h, a) for t, h, a in zip(thresholds, hits, alarms, strict=True)}
    equal, even, dear, strict = evaluated.answer("Which threshold for pairs?")
    for row in (equal, even, dear, strict):
        assert (row["miss"], row["false_alarm"]) == pytest.approx(points[row["threshold"]])
    reached = list(points.values())[1:]

    def cost(miss: float, alarm: float, miss_cost: float) -> float:
        return 0.01 * miss_cost * miss + 0.99 * alarm

    assert abs(equal["miss"] - equal["false_alarm"]) == pytest.approx(
        min(abs(miss - alarm) for miss, alarm in reached)
    )
    for row, miss_cost in ((even, 1.0), (dear, 10.0)):
        assert cost(row["miss"], row["false_alarm"], miss_cost) == pytest.approx(
            min(cost(*point, miss_cost) for point in reached)
        )
    assert strict["miss"] == pytest.approx(min(m for m, alarm in reached if alarm <= 0.001))


def test_calibration_bins_give_the_reported_error(evaluated: Evaluated) -> None:
    bins = evaluated.answer("Are the probabilities right?")
    assert [row["bin"] for row in bins] == list(range(1, 11))
    first = sorted((rows[0] for rows in evaluated.trials()), key=lambda row: row["probability"])
    for row, part in zip(bins, np.array_split(np.array(first, object), 10), strict=True):
        assert row["trials"] == len(part)
        assert row["said"] == pytest.approx(np.mean([each["probability"] for each in part]))
    sizes: npt.NDArray[np.float64] = np.array([row["trials"] for row in bins], np.float64)
    error = np.average(np.abs([row["too_sure"] for row in bins]), weights=sizes)
    assert error == pytest.approx(evaluated.figures["calibration"]["ece"], abs=0.005)


def test_ranks_of_reranker_and_cosine_are_those_of_evaluate(evaluated: Evaluated) -> None:
    trials = {
        row["outcome"]: row["trials"] for row in evaluated.answer("What did the reranker change?")
    }
    both, total = trials.get("both right", 0), sum(trials.values())
    systems = evaluated.figures["systems"]
    assert (both + trials.get("only the reranker", 0)) / total == pytest.approx(
        systems["reranker"]["top1"]
    )
    assert (both + trials.get("only the cosine", 0)) / total == pytest.approx(
        systems["cosine"]["top1"]
    )
    for row in evaluated.answer("Where did it do harm?"):
        [rows] = [rows for rows in evaluated.trials() if rows[0]["trial_id"] == row["trial_id"]]
        [match] = [each for each in rows if each["is_match"]]
        assert row["cosine_rank"] == 1 + sum(each["cosine"] > match["cosine"] for each in rows)
        assert row["rank"] == match["rank"] > row["cosine_rank"]


def test_failures_and_coverage_count_what_is_there(evaluated: Evaluated) -> None:
    [row] = evaluated.answer("What could not be indexed?")
    assert (row["reason"], row["files"], row["for_example"]) == ("not_audio", 1, "broken.wav")
    rows = evaluated.answer("Which languages and noises are covered?")
    cells = ("clean", "background", "communication", "unknown")
    assert (
        sum(row[cell] for row in rows for cell in cells) == evaluated.store.recordings.delta.count()
    )


def test_neighbours_and_double_names_are_those_of_numpy(evaluated: Evaluated) -> None:
    table = evaluated.store.recordings.scan(["path", "speaker", "language", "embedding"])
    paths, speakers, languages = (table[name].to_pylist() for name in table.column_names[:3])
    cosines = (embeddings := np.stack(table["embedding"].to_pylist())) @ embeddings.T
    row = paths.index("en/032.opus")
    nearest = [paths[i] for i in np.argsort(-cosines[row]) if i != row][:5]
    found = evaluated.answer("Which recordings are nearest to this one?")
    assert [each["path"] for each in found] == nearest
    pairs = {
        frozenset((paths[i], paths[j]))
        for i, j in np.argwhere(np.triu(cosines, 1) > 0.8)
        if speakers[i] != speakers[j] and languages[i] == languages[j]
    }
    found = evaluated.answer("Are there voices under two names?")
    assert {frozenset((each["path"], each["other_path"])) for each in found} == pairs
    assert frozenset(("en/032.opus", "copy.opus")) in pairs
