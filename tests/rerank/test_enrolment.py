from functools import partial

import numpy as np
import pytest
from builders import labelled_table

from spkret.rerank.enrolment import Roster, against_cohort
from spkret.rerank.identification import evaluate_identifications
from spkret.rerank.results import Identification, KnownSpeaker
from spkret.retrieval.normalize import Background
from spkret.retrieval.voices import Voices

VOICES = Voices.of(labelled_table(12, 3))
BACKGROUND = Background.fit(VOICES)


def test_a_speaker_is_the_mean_of_all_their_recordings_but_the_anchors() -> None:
    roster = Roster.of(VOICES, BACKGROUND)
    centred = BACKGROUND.centre(VOICES)
    for anchor in (0, 7, 35):
        others = np.arange(len(VOICES)) != anchor
        names = np.unique(VOICES.speakers.astype(str))
        means = [centred[others & (VOICES.speakers == name)].mean(axis=0) for name in names]
        cosines = [mean @ centred[anchor] / np.linalg.norm(mean) for mean in means]
        best = set(names[np.argsort(cosines)[::-1][:3]])
        rows = roster.nearest(centred[anchor], 3, int(VOICES.ids[anchor]))
        assert set(VOICES.speakers[rows]) == best
        assert anchor not in rows
        wanted = others & np.isin(VOICES.speakers.astype(str), list(best))
        assert rows.tolist() == np.flatnonzero(wanted).tolist()


def test_who_has_nothing_but_the_anchor_is_not_enrolled() -> None:
    voices = VOICES.take(np.array([0, 3, 4]))
    roster = Roster.of(voices, BACKGROUND)
    own = int(voices.ids[0])
    assert roster.nearest(BACKGROUND.centre(voices)[0], 5, own).tolist() == [1, 2]
    assert not roster.enrols("s000", own)
    assert roster.enrols("s000", 1)
    assert roster.enrols("s001", own)
    assert not roster.enrols("zed", own)
    nobody = Roster.of(VOICES.take(np.arange(0)), BACKGROUND)
    assert nobody.nearest(BACKGROUND.centre(voices)[0], 5, own).tolist() == []


def answer(speaker: str | None, *ranked: str) -> Identification:
    speakers = [KnownSpeaker(n, name, 1, 0.0, 0.0, 0.1) for n, name in enumerate(ranked, 1)]
    return Identification("x", speaker, 0.5, 0.5, "fake", None, 0, speakers)


def test_right_answers_by_hand() -> None:
    answers = [
        answer("a", "a", "b"),
        answer("b", "b", "c", "d", "e", "a"),
        answer(None, "a"),
        answer("c", "c"),
        answer("a", "a"),
    ]
    truths = ["a", "a", "z", "y", None]
    enrolled = [True, True, False, False, False]
    evaluate = partial(evaluate_identifications, answers, skipped=0, warnings=[])
    closed = evaluate(truths, enrolled, open_set=False)
    assert (closed.known, closed.enrolled) == (4, 2)
    assert (closed.accuracy, closed.top5) == (0.5, 1.0)
    opened = evaluate(truths, enrolled, open_set=True)
    assert (opened.accuracy, opened.top5) == (0.5, 1.0)
    assert opened.accuracy_ci is not None
    assert opened.accuracy_ci[0] <= 0.5 <= opened.accuracy_ci[1]
    unknown = evaluate([None] * 5, [False] * 5, open_set=True)
    assert unknown.accuracy is unknown.top5 is None


@pytest.mark.parametrize("open_set", [False, True])
def test_an_empty_list_has_no_figures(open_set: bool) -> None:
    found = evaluate_identifications([], [], [], open_set=open_set, skipped=3, warnings=[])
    assert (found.accuracy, found.accuracy_ci, found.skipped) == (None, None, 3)


def test_the_likeliest_speaker_and_the_anchors_own_are_left_out_of_its_cohort() -> None:
    asked, others = VOICES.take(np.array([0])), VOICES.take(np.arange(3, 36))
    centred = BACKGROUND.centre(VOICES)
    names = sorted(set(others.speakers.tolist()))
    means = np.stack([centred[VOICES.speakers == name].mean(axis=0) for name in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    rows = np.concatenate([centred[:1], means]).astype(np.float32)
    seen = against_cohort(asked, rows, names, BACKGROUND)
    nearest = names[int(np.argmax(means @ centred[0]))]
    left = ~np.isin(BACKGROUND.cohort_names, [nearest, VOICES.speakers[0]])
    top = np.sort(BACKGROUND.cohort[left] @ centred[0])[-10:]
    assert left.sum() > 10
    assert seen.cohort_mean[0] == pytest.approx(top.mean(), abs=1e-6)
    assert seen.deviations[0, -1] == pytest.approx(top.std(), abs=1e-6)
    alone = BACKGROUND.cohort[BACKGROUND.cohort_names != names[0]] @ rows[1]
    assert seen.cohort_mean[1] == pytest.approx(np.sort(alone)[-10:].mean(), abs=1e-6)
