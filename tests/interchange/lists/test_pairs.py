import csv
import gzip
import math
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from builders import TOY_IDENTITY, labelled_table, matched_store
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from spkret import matcher
from spkret.errors import InterchangeError, UsageError
from spkret.interchange.kinds import Exported, ExportOptions, exporter
from spkret.interchange.lists.pairs import TRIALS, ListedPair, write_kaldi_scores
from spkret.rerank.pair_evaluation import PairEvaluation
from spkret.rerank.trials import Pair, make_trials, read_pairs, read_trials
from spkret.store.scores import SCORES_SCHEMA
from spkret.store.store import Store

NIST_NAMES = ["modelid", "segmentid", "side"]


def export(what: str, store: Store, out: Path, form: str, where: str | None = None) -> Exported:
    return exporter(what)(store, out, ExportOptions(format=form, where=where))


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    rows = labelled_table(12, 3).to_pylist()
    return [
        Pair(one["speaker"] == two["speaker"], one["path"], two["path"])
        for one, two in combinations(rows, 2)
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return matched_store(tmp_path_factory.mktemp("lists") / "store", labelled_table(12, 3))


@pytest.fixture(scope="module")
def evaluation(store: Store, pairs: list[Pair]) -> PairEvaluation:
    matcher.verify_pairs(store, pairs[:5])
    return matcher.verify_pairs(store, pairs)


def equal_error(labels: list[bool], scores: list[float]) -> float:
    rates = roc_curve(labels, scores)
    return float(brentq(lambda x: 1 - x - interp1d(rates[0], rates[1])(x), 0, 1))


@pytest.mark.parametrize("form", ["kaldi", "voxceleb", "nist", "csv", "parquet"])
def test_scores_give_the_same_error_rate_elsewhere(
    tmp_path: Path, store: Store, pairs: list[Pair], evaluation: PairEvaluation, form: str
) -> None:
    out = tmp_path / f"scores.{form}"
    assert export("scores", store, out, form).rows == len(pairs)
    if form == "csv":
        table = pl.read_csv(out).select("anchor_path", "candidate_path", "score").rows()
    elif form == "parquet":
        table = pl.read_parquet(out).select("anchor_path", "candidate_path", "score").rows()
    else:
        fields = [line.split() for line in out.read_text().splitlines()]
        start, order = {"nist": (1, (0, 1, 3)), "kaldi": (0, (0, 1, 2))}.get(form, (0, (1, 2, 0)))
        table = [tuple(row[at] for at in order) for row in fields[start:]]
    scores = {(left, right): float(score) for left, right, score in table}
    labels = [bool(pair.same_speaker) for pair in pairs]
    found = equal_error(labels, [scores[pair.left, pair.right] for pair in pairs])
    assert evaluation.histogram is not None
    assert found == pytest.approx(evaluation.systems[evaluation.histogram.system].eer, abs=1e-6)


def test_the_newest_run_is_written_or_what_is_asked_for(
    tmp_path: Path, store: Store, pairs: list[Pair], evaluation: PairEvaluation
) -> None:
    assert store.scores.count() == len(pairs) + 5 == evaluation.pairs + 5
    every = export("scores", store, tmp_path / "a.csv", "csv", where="command = 'verify'")
    assert every.rows == len(pairs)
    first = f"candidate_path = '{pairs[0].right}' and anchor_path = '{pairs[0].left}'"
    assert export("scores", store, tmp_path / "b.csv", "csv", where=first).rows == 1
    assert pl.read_csv(tmp_path / "b.csv")["is_match"].to_list() == [pairs[0].same_speaker]


def test_nist_says_which_scores_are_ratios(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", TOY_IDENTITY)
    rows = [
        logged("a.wav", "b.wav", command="verify", reranker="r", score=2.5),
        logged("a.wav", "c.wav", command="verify", score=0.4),
        logged("a.wav", "d.wav", command="query", reranker="r", score=7.0),
    ]
    store.scores.append(pa.Table.from_pylist(rows, SCORES_SCHEMA))
    ratio = export("scores", store, tmp_path / "r.tsv", "nist", "score = 2.5")
    assert ratio.notes == ()
    mixed, note = export("scores", store, tmp_path / "s.tsv", "nist").notes
    kinds = "query (r), verify (no reranker), verify (r); narrow --where"
    assert mixed.endswith(kinds)
    for form in ("kaldi", "voxceleb"):
        assert export("scores", store, tmp_path / form, form).notes == (mixed,)
    assert note.startswith("2 of 3 scores are no log-likelihood ratios")
    with (tmp_path / "s.tsv").open() as file:
        header, *lines = csv.reader(file, delimiter="\t")
    assert header == [*NIST_NAMES, "LLR"]
    assert [line[:3] for line in lines] == [["a.wav", f"{x}.wav", "a"] for x in "bcd"]
    assert [float(line[3]) for line in lines] == pytest.approx([2.5, 0.4, 7.0])


def test_one_path_under_two_roots_is_two_recordings(tmp_path: Path) -> None:
    table = labelled_table(3, 1)
    for name, values in (("root", ["/x", "/y", "/x"]), ("path", ["one.wav", "one.wav", "two.wav"])):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    store = matched_store(tmp_path / "store", table)
    ids = {(row["root"], row["path"]): row["id"] for row in store.recordings.scan().to_pylist()}
    first, second = ids["/x", "one.wav"], ids["/y", "one.wav"]
    pairs = [Pair(same, "two.wav", str(name)) for same, name in ((True, first), (False, second))]
    matcher.verify_pairs(store, pairs)
    assert export("scores", store, tmp_path / "s", "voxceleb").rows == 2
    lines = [line.split() for line in (tmp_path / "s").read_text().splitlines()]
    assert [line[1:] for line in lines] == [["two.wav", "/x/one.wav"], ["two.wav", "/y/one.wav"]]
    export("scores", store, tmp_path / "s.csv", "csv")
    table = pl.read_csv(tmp_path / "s.csv")
    assert sorted(table["candidate_id"].to_list()) == sorted([first, second])
    store.recordings.delete(ids=[first, second])
    with pytest.raises(InterchangeError, match="stands for several that are no longer stored"):
        export("scores", store, tmp_path / "s", "kaldi")


def logged(anchor: str, candidate: str, **values: object) -> dict[str, object]:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return {
        "query_id": candidate,
        "created_at": now,
        "anchor_path": anchor,
        "candidate_path": candidate,
        **values,
    }


@pytest.mark.parametrize("form", ["voxceleb", "kaldi", "nist"])
def test_trials_become_pairs_that_are_read_again(tmp_path: Path, form: str) -> None:
    table = labelled_table(12, 3)
    store = matched_store(tmp_path / "store", table)
    trials = make_trials(table, 8, 5)
    for _ in range(2):
        matcher.evaluate(store, trials)
    expected = {Pair(name == t.match, t.anchor, name) for t in trials for name in t.group}
    done = export("trials", store, tmp_path / "trials", form)
    again = read_pairs(tmp_path / "trials")
    assert set(again) == expected
    assert done.rows == len(again) == len(expected)
    assert export("trials", store, tmp_path / "t.jsonl", "jsonl").rows == len(trials)
    groups = {(t.anchor, t.group, t.match) for t in trials}
    assert {(t.anchor, t.group, t.match) for t in read_trials(tmp_path / "t.jsonl")} == groups


@pytest.mark.parametrize("form", ["kaldi", "voxceleb"])
def test_trials_and_scores_of_an_evaluation_fit_line_by_line(tmp_path: Path, form: str) -> None:
    table = labelled_table(12, 3)
    store = matched_store(tmp_path / "store", table)
    for seed in (1, 2):
        trials = make_trials(table, 8, 5, seed=seed)
        matcher.evaluate(store, trials)
    assert export("trials", store, tmp_path / "t.jsonl", "jsonl").rows == len(trials)
    again = read_trials(tmp_path / "t.jsonl")
    assert sorted(trial.id for trial in again) == sorted(trial.id for trial in trials)
    every = export("trials", store, tmp_path / "all.jsonl", "jsonl", where="true")
    assert every.rows == 2 * len(trials)
    sides = slice(0, 2) if form == "kaldi" else slice(1, 3)
    names = []
    for what in ("trials", "scores"):
        export(what, store, tmp_path / what, form)
        lines = (tmp_path / what).read_text().splitlines()
        names.append([line.split()[sides] for line in lines])
    assert names[0] == names[1]


def test_names_in_gz_are_zipped(tmp_path: Path) -> None:
    table = labelled_table(12, 3)
    store = matched_store(tmp_path / "store", table)
    matcher.evaluate(store, make_trials(table, 8, 5))
    for what, name in (("trials", "t.jsonl"), ("trials", "t.nist"), ("scores", "s.csv")):
        form = name.split(".")[1]
        export(what, store, tmp_path / name, form)
        export(what, store, tmp_path / f"{name}.gz", form)
        unzipped = gzip.decompress((tmp_path / f"{name}.gz").read_bytes())
        assert unzipped == (tmp_path / name).read_bytes()
    assert len(read_trials(tmp_path / "t.jsonl.gz")) == 8
    for what in ("scores", "manifest"):
        with pytest.raises(UsageError, match=r"expected a name without \.gz"):
            exporter(what)(store, tmp_path / "x.parquet.gz", ExportOptions())


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1
).filter(lambda name: name == name.strip() and len(name.split()) == len(name.split(" ")))


@given(
    st.lists(st.tuples(NAMES, NAMES, st.none() | st.booleans()), min_size=1, max_size=4),
    st.sampled_from(sorted(TRIALS)),
)
def test_any_names_are_read_again(
    tmp_path: Path, rows: list[tuple[str, str, bool | None]], form: str
) -> None:
    path = tmp_path / "pairs"
    TRIALS[form](path, [ListedPair(*row) for row in rows])
    assert [(pair.left, pair.right, pair.same_speaker) for pair in read_pairs(path)] == rows


@pytest.mark.parametrize("what", ["trials", "scores"])
def test_nothing_to_write_and_other_filters_are_refused(
    tmp_path: Path, what: str, store: Store
) -> None:
    empty = Store.create(tmp_path / "store", TOY_IDENTITY)
    with pytest.raises(InterchangeError, match="none is selected: see spkret"):
        export(what, empty, tmp_path / "x", "kaldi")
    with pytest.raises(UsageError, match="use --where"):
        exporter(what)(store, tmp_path / "x", ExportOptions(format="kaldi", language="en"))
    with pytest.raises(UsageError, match="expected a --format of"):
        exporter(what)(store, tmp_path / "x.doc", ExportOptions())


def test_unknown_scores_are_no_numbers(tmp_path: Path) -> None:
    write_kaldi_scores(tmp_path / "s", [ListedPair("a", "b c", None, None)])
    left, right, score = (tmp_path / "s").read_text().strip("\n").split("\t")
    assert (left, right) == ("a", "b c")
    assert math.isnan(float(score))
