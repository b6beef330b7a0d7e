import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table, matched_store
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret import matcher, metrics
from spkret.errors import (
    RerankerMismatchError,
    StoreError,
    TrialError,
    UnknownRecordingError,
    UsageError,
)
from spkret.rerank.decision import Rule
from spkret.rerank.enrolment_files import Spoken
from spkret.rerank.speaker_shares import SHARED
from spkret.rerank.trials import Pair, Trial, make_trials
from spkret.store.schema import recording_id
from spkret.store.store import Store

TABLE = labelled_table(speakers=60, spread=1.1, channel=1.0)
SPEAKER = dict(zip(TABLE["path"].to_pylist(), TABLE["speaker"].to_pylist(), strict=True))
TRIALS = make_trials(TABLE, 300, 15)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return matched_store(tmp_path_factory.mktemp("plain") / "store", TABLE)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = matched_store(tmp_path_factory.mktemp("trained") / "store", TABLE)
    evaluation = matcher.train_reranker(store, TRIALS)
    assert evaluation.differences["cosine"].top1 > 0
    return store


def test_query_answers_the_contract(trained: Store) -> None:
    trial = TRIALS[0]
    match = matcher.query(trained, trial.anchor, trial.group, explain=True, top=4, log=False)
    document = json.loads(json.dumps(match.to_dict()))
    assert list(document) == [
        *("anchor", "match", "probability", "none_probability", "encoder", "reranker"),
        *("candidates", "warnings"),
    ]
    assert document["match"] == document["candidates"][0]["path"]
    assert [c["rank"] for c in document["candidates"]] == [1, 2, 3, 4]
    assert list(document["candidates"][0]) == [
        *("rank", "path", "id", "language", "noise", "cosine", "score", "probability"),
        *("contributions", "features", "explanation"),
    ]
    assert document["candidates"][0]["explanation"] == match.candidates[0].explanation
    everyone = matcher.query(trained, trial.anchor, trial.group, log=False)
    assert sum(c.probability for c in everyone.candidates) == pytest.approx(1)
    assert everyone.candidates[0].contributions is None
    assert everyone.warnings == []
    scores = [c.score for c in everyone.candidates]
    assert scores == sorted(scores, reverse=True)


def test_most_matches_are_found(trained: Store) -> None:
    found = [
        matcher.query(trained, trial.anchor, trial.group, log=False).path == trial.match
        for trial in TRIALS[:60]
    ]
    assert np.mean(found) > 0.6


@pytest.mark.parametrize("fixture", ["plain", "trained"])
def test_order_and_names_do_not_matter(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store, trial = request.getfixturevalue(fixture), TRIALS[3]
    first = matcher.query(store, trial.anchor, trial.group, log=False)
    backwards = matcher.query(store, trial.anchor, trial.group[::-1], log=False)
    assert [c.path for c in backwards.candidates] == [c.path for c in first.candidates]
    np.testing.assert_allclose(
        [c.probability for c in backwards.candidates],
        [c.probability for c in first.candidates],
        rtol=1e-4,
    )


def test_equal_candidates_are_ordered_by_content_not_by_name(tmp_path: Path) -> None:
    rows = TABLE.to_pylist()[:6]
    twins = [
        rows[5] | {"path": f"{n}.wav", "id": n, "content_hash": h} for n, h in ((1, "b"), (2, "a"))
    ]
    renamed = [twin | {"path": f"{9 - twin['id']}.wav"} for twin in twins]
    firsts = []
    for number, last in enumerate((twins, renamed)):
        table = pa.Table.from_pylist([*rows[:5], *last], TABLE.schema)
        store = matched_store(tmp_path / str(number), table)
        names = [row["path"] for row in last]
        match = matcher.query(store, rows[0]["path"], names, log=False)
        assert match.candidates[0].probability == pytest.approx(0.5)
        firsts.append(match.path)
    assert firsts == ["2.wav", "7.wav"]


def test_without_a_reranker_asnorm_stands_in_and_says_so(plain: Store) -> None:
    match = matcher.query(plain, TRIALS[0].anchor, TRIALS[0].group, log=False)
    assert match.reranker is None
    assert match.none_probability is None
    assert "spkret train-reranker" in match.warnings[0]
    assert "AS-norm" in match.warnings[0]
    assert "--open" not in match.warnings[0]
    opened = matcher.query(plain, TRIALS[0].anchor, TRIALS[0].group, open_group=True, log=False)
    assert "somebody is named whatever --open says" in opened.warnings[0]
    assert opened.path == match.path
    assert sum(c.probability for c in match.candidates) == pytest.approx(1)
    assert (
        matcher.verify(plain, TRIALS[0].anchor, TRIALS[0].group[0], log=False).probability is None
    )


def test_a_reranker_of_another_encoder_is_refused(trained: Store, tmp_path: Path) -> None:
    other = matched_store(tmp_path / "store", TABLE, name="other")
    shutil.copytree(trained.reranker_path, other.reranker_path)
    with pytest.raises(RerankerMismatchError, match="'fake'"):
        matcher.query(other, TRIALS[0].anchor, TRIALS[0].group, log=False)


def test_repeats_and_the_anchor_itself_are_left_out(trained: Store) -> None:
    trial = TRIALS[0]
    group = [*trial.group, trial.group[0], trial.anchor]
    match = matcher.query(trained, trial.anchor, group, log=False)
    assert len(match.candidates) == len(trial.group)
    assert match.warnings == [
        "1 candidates were listed twice",
        "the group holds the anchor itself, which was left out",
    ]
    alone = matcher.query(trained, trial.anchor, trial.group[:1], log=False)
    assert alone.probability == pytest.approx(1)


def test_groups_that_cannot_be_searched_are_refused(trained: Store) -> None:
    anchor = TRIALS[0].anchor
    with pytest.raises(UsageError, match="at least one candidate"):
        matcher.query(trained, anchor, [])
    with pytest.raises(TrialError, match="besides the anchor"):
        matcher.query(trained, anchor, [anchor])
    with pytest.raises(UnknownRecordingError, match=r"nowhere\.wav"):
        matcher.query(trained, anchor, ["nowhere.wav"])
    with pytest.raises(UsageError, match="leave out the group"):
        matcher.query(trained, anchor, TRIALS[0].group, language="en")


def test_abstaining(trained: Store) -> None:
    trial = TRIALS[0]
    sure = matcher.query(trained, trial.anchor, trial.group, min_probability=0.0, log=False)
    assert sure.path is not None
    unsure = matcher.query(trained, trial.anchor, trial.group, min_probability=1.0, log=False)
    assert unsure.path is None
    assert unsure.candidates[0].path == sure.path
    for each in TRIALS[:10]:
        match = matcher.query(trained, each.anchor, each.group, open_group=True, log=False)
        assert match.none_probability is not None
        assert (match.path is None) == (match.none_probability > 0.5)


class FakeEmbed:
    """Embeds a file as the row of `TABLE` whose number it holds."""

    def __init__(self) -> None:
        self.calls: list[list[Path | str]] = []

    def __call__(self, paths: Sequence[Path | str]) -> pa.Table:
        self.calls.append(list(paths))
        rows = [TABLE.slice(int(Path(path).read_text()), 1).to_pylist()[0] for path in paths]
        named = [
            row
            | {"path": str(path), "root": "/", "id": n, "speaker": None, "content_hash": f"f{n}"}
            for n, (row, path) in enumerate(zip(rows, paths, strict=True))
        ]
        return pa.Table.from_pylist(named, TABLE.schema)


def test_files_that_are_not_stored_are_embedded_in_one_call(trained: Store, tmp_path: Path) -> None:
    files = []
    for row in (0, 1, 9):
        files.append(tmp_path / f"{row}.wav")
        files[-1].write_text(str(row))
    embed = FakeEmbed()
    group: list[Path | str] = [files[1], TRIALS[0].group[0], files[2]]
    match = matcher.query(trained, files[0], group, embed=embed, log=False)
    assert embed.calls == [files]
    assert match.anchor == str(files[0])
    by_path = {candidate.path: candidate for candidate in match.candidates}
    assert by_path[str(files[1])].id is None
    expected = np.dot(TABLE["embedding"][0].as_py(), TABLE["embedding"][1].as_py())
    assert by_path[str(files[1])].cosine == pytest.approx(expected, abs=1e-5)
    with pytest.raises(UsageError, match="index it first"):
        matcher.query(trained, files[0], TRIALS[0].group)


def test_nothing_is_embedded_when_all_is_stored(trained: Store) -> None:
    embed = FakeEmbed()
    matcher.query(trained, TRIALS[0].anchor, TRIALS[0].group, embed=embed, log=False)
    assert embed.calls == []


def test_the_whole_store_is_searched_with_filters(trained: Store) -> None:
    anchor = TRIALS[0].anchor
    match = matcher.query(trained, anchor, log=False, top=5)
    assert len(match.candidates) == 5
    assert anchor not in [c.path for c in match.candidates]
    clean = matcher.query(trained, anchor, noise="clean", language="en", log=False)
    assert {(c.language, c.noise) for c in clean.candidates} == {("en", "clean")}
    few = matcher.query(trained, anchor, where="speaker = 's003'", log=False)
    assert {SPEAKER[c.path] for c in few.candidates} == {"s003"}
    assert few.warnings == [SHARED]
    assert few.speakers is not None
    (share,) = few.speakers
    assert (share.speaker, share.ranks) == ("s003", [c.rank for c in few.candidates])
    assert share.probability == pytest.approx(1)
    assert match.to_dict()["speakers"][0]["ranks"][-1] > 0
    with pytest.raises(UsageError, match="the store has none"):
        matcher.query(trained, anchor, where="speaker = 'nobody'")
    with pytest.raises(UsageError, match="from 0 to 1, got nan"):
        matcher.query(trained, anchor, min_probability=float("nan"))


def test_verify(trained: Store) -> None:
    drawn = []
    for trial in TRIALS[:40]:
        other = next(name for name in trial.group if name != trial.match)
        same = matcher.verify(trained, trial.anchor, str(trial.match), log=False)
        apart = matcher.verify(trained, trial.anchor, other, log=False)
        assert same.probability is not None
        assert apart.probability is not None
        assert same.same_speaker == (same.probability > 0.5)
        drawn.append((same.probability, apart.probability))
    assert np.mean([same > apart for same, apart in drawn]) > 0.8
    assert same.explanation is None
    told = matcher.verify(trained, trial.anchor, str(trial.match), explain=True, log=False)
    document = json.loads(json.dumps(told.to_dict()))
    assert list(document)[-3:] == ["contributions", "features", "explanation"]
    assert list(document)[:-3] == list(same.to_dict())
    assert f"cosine {told.cosine:.2f}" in document["explanation"]


def test_verify_is_symmetric(trained: Store) -> None:
    a, b = TRIALS[0].anchor, TRIALS[0].group[0]
    one, two = matcher.verify(trained, a, b, log=False), matcher.verify(trained, b, a, log=False)
    assert one.probability == pytest.approx(two.probability, abs=1e-6)


def test_identify_names_the_speaker(trained: Store) -> None:
    found = []
    for path in TABLE["path"].to_pylist()[::8]:
        who = matcher.identify(trained, path)
        found.append(who.speaker == SPEAKER[path])
        assert who.probability == who.speakers[0].probability
        assert sum(s.probability for s in who.speakers) == pytest.approx(1)
        enrolled = {s.speaker: s.recordings for s in who.speakers}
        assert enrolled.get(SPEAKER[path], 3) == 3
    assert np.mean(found) > 0.6
    assert len(matcher.identify(trained, TRIALS[0].anchor, top=3).speakers) == 3
    json.dumps(who.to_dict())


def test_identify_needs_labels(tmp_path: Path) -> None:
    nobody = TABLE.set_column(4, "speaker", pa.nulls(len(TABLE), pa.string()))
    store = matched_store(tmp_path / "store", nobody.slice(0, 8))
    with pytest.raises(UsageError, match="labelled speakers"):
        matcher.identify(store, nobody["path"][0].as_py())


def test_evaluate_answers_the_contract(trained: Store) -> None:
    bare = [Trial("x", TRIALS[0].anchor, TRIALS[0].group, None)]
    document = matcher.evaluate(trained, [*TRIALS[:80], *bare], log=False).to_dict()
    document = json.loads(json.dumps(document))
    assert document["records"] == 80
    assert document["skipped"] == 1
    systems = ["cosine", "centred", "asnorm", "plda", "qmf", "reranker"]
    assert list(document["systems"]) == systems
    assert set(document["systems"]["cosine"]) == {"top1", "top1_ci", "mrr", "eer", "min_dcf"}
    assert sum(cell["records"] for cell in document["by_noise"].values()) == 80
    assert all("->" in name for name in document["by_noise"])
    assert set(document["by_language"]) == {"en", "es"}
    assert set(document["calibration"]) == {"ece", "brier", "cllr", "bins", "none"}
    with pytest.raises(TrialError, match="got none"):
        matcher.evaluate(trained, bare)


def test_trials_that_name_unknown_recordings_are_skipped(trained: Store) -> None:
    lost = [Trial(f"lost{n}", f"no-{n}.wav", t.group, t.match) for n, t in enumerate(TRIALS[:5])]
    holed = Trial("holed", TRIALS[6].anchor, (*TRIALS[6].group, "gone.wav"), TRIALS[6].match)
    evaluation = matcher.evaluate(trained, [*lost, *TRIALS[:40], holed], log=False)
    assert (evaluation.records, evaluation.skipped) == (40, 6)
    assert evaluation.warnings[0] == (
        "6 trials name recordings that are not there: 'gone.wav', 'no-0.wav', 'no-1.wav', …"
    )
    plain = matcher.evaluate(trained, TRIALS[:40], log=False)
    assert evaluation.systems == plain.systems
    with pytest.raises(TrialError, match="got 5 that each name one"):
        matcher.evaluate(trained, lost, log=False)


def test_evaluation_does_not_move_when_candidates_are_shuffled(trained: Store) -> None:
    generator = np.random.default_rng(0)
    shuffled = [
        Trial(t.id, t.anchor, tuple(generator.permutation(t.group).tolist()), t.match)
        for t in TRIALS[:60]
    ]
    one = matcher.evaluate(trained, TRIALS[:60], log=False)
    two = matcher.evaluate(trained, shuffled, log=False)
    for name, figures in one.systems.items():
        assert two.systems[name].top1 == pytest.approx(figures.top1)
        assert two.systems[name].mrr == pytest.approx(figures.mrr)
        assert two.systems[name].eer == pytest.approx(figures.eer)
        assert two.systems[name].min_dcf == pytest.approx(figures.min_dcf)


def test_scores_are_logged(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", TABLE)
    trial = TRIALS[0]
    matcher.query(store, trial.anchor, trial.group)
    matcher.verify(store, trial.anchor, trial.group[0])
    matcher.evaluate(store, TRIALS[:4])
    scores = store.scores.scan().to_pylist()
    by_command: dict[str, list[dict[str, Any]]] = {}
    for row in scores:
        by_command.setdefault(row["command"], []).append(row)
    assert {name: len(rows) for name, rows in by_command.items()} == {
        "query": 15,
        "verify": 1,
        "evaluate": 60,
    }
    query = {row["candidate_path"]: row for row in by_command["query"]}
    match = matcher.query(store, trial.anchor, trial.group, log=False)
    for candidate in match.candidates:
        row = query[candidate.path]
        assert row["rank"] == candidate.rank
        assert row["candidate_id"] == candidate.id
        assert row["cosine"] == pytest.approx(candidate.cosine)
        assert dict(row["features"])["cosine"] == pytest.approx(candidate.cosine)
        assert row["is_match"] is None
        assert row["none_probability"] is None
    logged = {row["candidate_path"] for row in by_command["evaluate"] if row["is_match"]}
    assert logged == {t.match for t in TRIALS[:4]}
    trials = store.trials.scan().to_pylist()
    assert {row["trial_id"] for row in trials} == {t.id for t in TRIALS[:4]}
    assert {row["query_id"] for row in trials} == {r["query_id"] for r in by_command["evaluate"]}


def test_what_is_indexed_later_is_seen(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", TABLE.slice(0, 60))
    names = TABLE["path"].to_pylist()
    matcher.query(store, names[0], names[1:5], log=False)
    store.recordings.commit([])
    matched_store(tmp_path / "store", TABLE)
    match = matcher.query(store, names[0], [names[1], names[200]], log=False)
    assert {candidate.path for candidate in match.candidates} == {names[1], names[200]}


def test_a_warm_query_is_fast(trained: Store) -> None:
    trial = TRIALS[0]
    for _ in range(3):
        matcher.query(trained, trial.anchor, trial.group, log=False)
    seconds = []
    for _ in range(15):
        start = time.process_time()
        matcher.query(trained, trial.anchor, trial.group, log=False)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.02


def pairs_of(trials: Sequence[Trial]) -> list[Pair]:
    return [Pair(SPEAKER[t.anchor] == SPEAKER[c], t.anchor, c) for t in trials for c in t.group]


def test_pairs_are_scored_as_verify_does_and_measured(trained: Store) -> None:
    pairs = [*pairs_of(TRIALS[:60]), Pair(None, TRIALS[0].anchor, TRIALS[0].group[0])]
    lost = Pair(True, "nowhere.wav", TRIALS[0].anchor)
    evaluation = matcher.verify_pairs(trained, [lost, *pairs], log=False)
    assert (evaluation.pairs, evaluation.skipped) == (901, 1)
    assert (evaluation.targets, evaluation.nontargets) == (60, 840)
    assert list(evaluation.systems) == ["cosine", "centred", "asnorm", "plda", "qmf"]
    assert evaluation.warnings == [
        "1 pairs name recordings that are not there: 'nowhere.wav'",
    ]
    rows = evaluation.rows.to_pylist()
    assert [(row["a"], row["b"], row["same_speaker"]) for row in rows] == [
        (pair.left, pair.right, pair.same_speaker) for pair in pairs
    ]
    alone = matcher.verify(trained, pairs[3].left, pairs[3].right, log=False)
    assert rows[3]["cosine"] == pytest.approx(alone.cosine)
    labels, scores = zip(*((r["same_speaker"], r["qmf"]) for r in rows[:-1]), strict=True)
    same, qmf = np.array(labels, bool), np.array(scores)
    assert evaluation.systems["qmf"].eer == metrics.eer(qmf[same], qmf[~same])
    assert json.loads(json.dumps(evaluation.to_dict()))["histogram"]["system"] == "qmf"


def test_pairs_without_answers_are_scored_only(plain: Store) -> None:
    names = TRIALS[0].group
    evaluation = matcher.verify_pairs(plain, [Pair(None, names[0], names[1])], log=False)
    assert (evaluation.systems, evaluation.histogram, evaluation.targets) == ({}, None, 0)
    assert "probability" in evaluation.rows.column_names
    assert evaluation.rows["probability"].to_pylist() == [None]


def test_pairs_that_are_odd_are_warned_of(trained: Store) -> None:
    a, b = TRIALS[0].anchor, str(TRIALS[0].match)
    other = next(name for name in TRIALS[0].group if name != b)
    odd = [Pair(False, a, b), Pair(True, a, other), Pair(True, a, a)]
    warnings = matcher.verify_pairs(trained, odd, log=False).warnings
    assert warnings[0] == "1 pairs hold the same audio twice, and say nothing about voices"
    assert warnings[1] == "2 pairs contradict the speakers that the store knows"
    assert "same audio" in matcher.verify(trained, a, a, log=False).warnings[0]
    with pytest.raises(TrialError, match="got 1 that each name one that is not"):
        matcher.verify_pairs(trained, [Pair(True, a, "nowhere.wav")])
    with pytest.raises(UsageError, match="prior"):
        matcher.verify_pairs(trained, odd, prior=0.0)


@pytest.mark.parametrize(("fixture", "system"), [("plain", "asnorm"), ("trained", "qmf")])
def test_a_threshold_is_found_saved_and_decides(
    fixture: str, system: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    original = request.getfixturevalue(fixture)
    store = Store.open(Path(shutil.copytree(original.path, tmp_path / "store")))
    pairs = [pair for pair in pairs_of(TRIALS[:40]) if pair.left < "s4"]
    rule = Rule(false_alarm=0.05)
    evaluation = matcher.verify_pairs(store, pairs, rule=rule, source="pairs.txt", log=False)
    assert evaluation.threshold is not None
    assert evaluation.threshold.system in (system, "centred")
    assert evaluation.threshold.false_alarm <= 0.05
    decided = matcher.verify(store, pairs[0].left, pairs[0].right, log=False)
    assert decided.decision is not None
    assert decided.decision.threshold == evaluation.threshold.value
    assert decided.same_speaker == (decided.decision.score >= decided.decision.threshold)
    assert "pairs.txt" in decided.decision.source
    matcher.train_reranker(store, TRIALS[:200], seed=1)
    later = matcher.verify(store, pairs[0].left, pairs[0].right, log=False)
    assert "another reranker" in later.warnings[0]
    assert later.decision is not None
    assert later.decision.threshold == 0.0


def test_scored_pairs_are_logged_with_their_answer(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", TABLE)
    matcher.verify_pairs(store, pairs_of(TRIALS[:2]))
    rows = store.scores.scan().to_pylist()
    assert {row["command"] for row in rows} == {"verify"}
    assert {row["candidate_path"] for row in rows if row["is_match"]} == {
        trial.match for trial in TRIALS[:2]
    }
    assert {row["probability"] for row in rows} == {None}


@given(st.integers(0, 2**32 - 1))
@few(5)
def test_pair_figures_do_not_move_with_order_or_sides(trained: Store, seed: int) -> None:
    generator = np.random.default_rng(seed)
    pairs = pairs_of(TRIALS[:20])
    shuffled = [pairs[i] for i in generator.permutation(len(pairs))]
    turned = [Pair(p.same_speaker, p.right, p.left) for p in shuffled]
    one = matcher.verify_pairs(trained, pairs, log=False)
    two = matcher.verify_pairs(trained, turned, log=False)
    for name, figures in one.systems.items():
        assert two.systems[name].eer == pytest.approx(figures.eer)
        assert two.systems[name].min_dcf == pytest.approx(figures.min_dcf)
        assert two.systems[name].min_cllr == pytest.approx(figures.min_cllr, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
@few(4)
def test_the_match_does_not_depend_on_names_or_order(tmp_path_factory: Any, seed: int) -> None:
    """The same recordings under other names and ids, in another order: the same match."""
    generator = np.random.default_rng(seed)
    rows = TABLE.to_pylist()[:60]
    names = [f"{number:03}.wav" for number in generator.permutation(len(rows))]
    renamed = [
        row | {"path": name, "id": recording_id("/other", name), "root": "/other"}
        for row, name in zip(rows, names, strict=True)
    ]
    new = {row["path"]: name for row, name in zip(rows, names, strict=True)}
    folder = tmp_path_factory.mktemp("renamed")
    first = matched_store(folder / "a", pa.Table.from_pylist(rows, TABLE.schema))
    order = generator.permutation(len(rows))
    table = pa.Table.from_pylist([renamed[i] for i in order], TABLE.schema)
    second = matched_store(folder / "b", table)
    for anchor in generator.choice([row["path"] for row in rows], 3, replace=False).tolist():
        group = [path for path in new if path != anchor]
        one = matcher.query(first, anchor, group, log=False)
        shuffled = [new[name] for name in generator.permutation(group).tolist()]
        two = matcher.query(second, new[anchor], shuffled, log=False)
        assert [new[c.path] for c in one.candidates[:5]] == [c.path for c in two.candidates[:5]]
        before, after = ([c.probability for c in match.candidates] for match in (one, two))
        np.testing.assert_allclose(before, after, rtol=1e-3, atol=1e-6)


def enrolment_of(speakers: Sequence[str], takes: int = 3) -> list[Spoken]:
    """The last recordings of some speakers, under names of their own."""
    chosen = [
        (path, name)
        for path, name in SPEAKER.items()
        if name in speakers and int(Path(path).stem) >= 4 - takes
    ]
    return [Spoken(path, f"my {name}") for path, name in chosen]


def test_identify_among_enrolled_speakers_only(trained: Store, tmp_path: Path) -> None:
    speakers = sorted(set(SPEAKER.values()))[:12]
    enrolment = enrolment_of(speakers)
    found = []
    for name in speakers:
        anchor = f"s{int(name[1:])}/0.wav"
        who = matcher.identify(trained, anchor, enrolment=enrolment)
        assert {s.speaker for s in who.speakers} == {f"my {name}" for name in speakers}
        assert {s.recordings for s in who.speakers} == {3}
        assert sum(s.probability for s in who.speakers) == pytest.approx(1)
        found.append(who.speaker == f"my {name}")
    assert np.mean(found) > 0.7
    backwards = matcher.identify(trained, anchor, enrolment=enrolment[::-1])
    assert [s.speaker for s in backwards.speakers] == [s.speaker for s in who.speakers]
    file = tmp_path / "0.wav"
    file.write_text("1")
    embed = FakeEmbed()
    own = [*enrolment, Spoken(str(file), "new")]
    with_file = matcher.identify(trained, anchor, enrolment=own, embed=embed)
    assert "new" in {s.speaker for s in with_file.speakers}
    twice = [Spoken(anchor, "x"), Spoken(anchor, "y")]
    with pytest.raises(TrialError, match="expected one speaker for"):
        matcher.identify(trained, anchor, enrolment=[*enrolment, *twice])
    with pytest.raises(UsageError, match="list more recordings"):
        matcher.identify(trained, anchor, enrolment=[Spoken(anchor, "x")])


def test_anchors_are_identified_and_measured(trained: Store) -> None:
    speakers = sorted(set(SPEAKER.values()))[:15]
    enrolment = enrolment_of(speakers[:10])
    anchors = [Spoken(f"s{int(n[1:])}/0.wav", f"my {n}") for n in speakers]
    lost = Spoken("nowhere.wav")
    told: list[tuple[int, int]] = []
    many = matcher.identify_many(
        *(trained, [lost, *anchors]),
        enrolment=enrolment,
        top=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, 15) for number in range(1, 16)]
    assert (many.skipped, many.known, many.enrolled) == (1, 15, 10)
    assert many.warnings == ["1 anchors are not there: 'nowhere.wav'"]
    alone = matcher.identify(trained, anchors[4].reference, enrolment=enrolment, top=3)
    assert many.identifications[4] == alone
    right = [a.speaker == t for a, t in zip(many.identifications[:10], many.speakers, strict=False)]
    assert many.accuracy == pytest.approx(np.mean(right))
    assert many.top5 is not None
    assert many.top5 >= np.mean(right)
    opened = matcher.identify_many(trained, anchors, enrolment=enrolment, open_set=True)
    named = [answer.speaker for answer in opened.identifications]
    expected = [a.speaker for a in anchors[:10]] + [None] * 5
    assert opened.accuracy == pytest.approx(
        np.mean([a == b for a, b in zip(named, expected, strict=True)])
    )
    json.dumps(many.to_dict())
    with pytest.raises(TrialError, match="got none of 1"):
        matcher.identify_many(trained, [lost])


def test_labels_of_the_store_measure_anchors_too(trained: Store) -> None:
    anchors = [Spoken(path) for path in list(SPEAKER)[::16]]
    many = matcher.identify_many(trained, anchors)
    assert list(many.speakers) == [SPEAKER[a.reference] for a in anchors]
    assert many.enrolled == len(anchors)
    assert many.accuracy is not None
    assert many.accuracy > 0.6
    foreign = matcher.identify_many(trained, anchors[:2], enrolment=enrolment_of(["s050", "s051"]))
    assert (list(foreign.speakers), foreign.accuracy) == ([None, None], None)


def test_a_copy_of_the_anchor_enrols_nobody(tmp_path: Path) -> None:
    rows = TABLE.to_pylist()[:40]
    copy = rows[0] | {"path": "copy.wav", "id": recording_id("/audio", "copy.wav")}
    store = matched_store(tmp_path / "store", pa.Table.from_pylist([*rows, copy], TABLE.schema))
    who = matcher.identify(store, rows[0]["path"])
    counts = {speaker.speaker: speaker.recordings for speaker in who.speakers}
    assert counts[rows[0]["speaker"]] == 3


def test_a_reranker_of_voices_that_were_erased_meanwhile_is_not_saved(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", TABLE)
    erased: list[int] = []

    def forget(*_: object) -> None:
        if not erased:
            erased.append(store.forget(path=TABLE["path"][0].as_py()))

    with pytest.raises(StoreError, match="were erased meanwhile"):
        matcher.train_reranker(store, TRIALS[:200], seed=1, progress=forget)

    assert erased == [1]
    assert not store.reranker_path.exists()
