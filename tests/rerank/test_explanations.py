import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.rerank.evaluation import Evaluation
from spkret.rerank.explanations import explanations, in_words
from spkret.rerank.features import NAMES
from spkret.rerank.phrases import FAMILIES, other_family
from spkret.rerank.ranker import Reranker
from spkret.rerank.scoring import Scored, score_groups, score_pairs
from spkret.retrieval.groups import Groups
from spkret.retrieval.library import Gathered

from .conftest import material

KNOWN = {
    "cosine": 0.714,
    "asnorm": 4.21,
    "cosine_rank": 1.0,
    "cosine_lead": 0.123,
    "same_gender": 1.0,
    "f0_distance": 0.81,
    "same_noise": 0.0,
    "anchor_noise": 2.0,
    "candidate_noise": 0.0,
    "speech_min": 0.9,
    "speech_max": 1.8,
}


def gathered_material(records: int = 60) -> tuple[Gathered, Groups]:
    source = material(records=records)
    rows = np.arange(len(source.voices))
    paths = np.array([f"{row}.wav" for row in rows], object)
    return Gathered(source.voices, paths, np.ones(len(rows), bool), rows), source.groups


def scored_by(reranker: Reranker | None) -> Scored:
    gathered, groups = gathered_material()
    centred = material().background.apply(gathered.voices)
    return score_groups(gathered, centred, groups, reranker)


def test_what_speaks_for_comes_before_what_speaks_against() -> None:
    contributions = {
        "cosine": 2.0,
        "asnorm": 1.0,
        "cosine_lead": 2.5,
        "same_gender": 1.5,
        "f0_distance": 0.4,
        "same_noise": -0.5,
        "candidate_noise": -0.5,
        "speech_min": -0.8,
        "snr_min": 9.0,
    }
    assert in_words(KNOWN, contributions, 50) == (
        "for: cosine 0.71, 4.2 deviations above the cohort; nearest of 50, 0.12 ahead of the next;"
        " same gender; pitch 0.8 semitones apart;"
        " against: both under 2 s of speech; other noise condition (clean, communication)"
    )
    turned = {name: -value for name, value in contributions.items()}
    assert in_words(KNOWN, turned, 50).startswith("for: both under 2 s of speech; oth")
    assert in_words(KNOWN, {"cosine": -1.0}, 50).startswith("against: cosine 0.71")
    assert in_words({}, contributions, 50) == ""
    many = {"cosine": 1.0, "snr_min": 3.0, "same_gender": 2.0, "cosine_lead": 0.01}
    told = in_words({**KNOWN, "snr_min": 8.0, "snr_diff": 1.0}, many, 50)
    assert told.startswith("for: cosine 0.71")
    assert "nearest" not in told
    assert told.endswith("same gender; speech 8 and 9 dB above the noise")
    nearest = in_words(KNOWN, {"cosine_lead": 1.0}, "the 50 nearest in the store")
    assert nearest == "for: nearest of the 50 nearest in the store, 0.12 ahead of the next"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"cosine": -0.05, "asnorm": -1.26}, "cosine -0.05, 1.3 deviations below the cohort"),
        ({"cosine": 0.5}, "cosine 0.50"),
        ({"cosine_rank": 3.0, "cosine_lead": -0.2}, "3rd nearest of 20, 0.20 behind the first"),
        ({"cosine_rank": 12.5, "cosine_lead": -0.2}, "12th nearest of 20, 0.20 behind the first"),
        ({"cosine_rank": 1.5, "cosine_lead": 0.0}, "nearest of 20, level with another"),
        ({"reverse_lead": 0.1}, "nearer to the anchor than to any other of the group, by 0.10"),
        ({"reverse_lead": -0.1, "reverse_rank": 4}, "nearer to 3 of the group than to the anchor"),
        ({"speech_min": 1.25, "speech_max": 20.0}, "1.2 s and over 20 s of speech"),
        ({"speech_min": 20.0, "speech_max": 20.0}, "both over 20 s of speech"),
        ({"cohort_min": 0.2, "cohort_max": 0.31}, "other speakers reach cosines of 0.20 and 0.31"),
        ({"same_noise": 1, "anchor_noise": 1}, "same noise condition (background)"),
        ({"same_language": 0.0}, "other language"),
        ({"same_gender": 0.9}, "same gender (90% likely)"),
        ({"same_gender": 0.003}, "other gender"),
        ({"age_difference": 12.0}, "ages 12 years apart"),
        ({"snr_min": 8.4, "snr_diff": 10.0}, "speech 8 and 18 dB above the noise"),
        ({"bandwidth_min": 3400.0, "bandwidth_ratio": 0.5}, "bandwidth 3.4 and 6.8 kHz"),
        ({"spectrum_distance": 3.21}, "mean spectra 3.2 dB apart"),
        ({"session": 2.0}, "session: 2"),
    ],
)
def test_phrases(known: dict[str, float], words: str) -> None:
    assert in_words(known, dict.fromkeys(known, 1.0), 20) == f"for: {words}"


@given(
    st.dictionaries(st.sampled_from(NAMES), st.floats(-50, 50)),
    st.dictionaries(st.sampled_from(NAMES), st.floats(-9, 9)),
    st.integers(1, 300),
)
def test_words_are_of_what_is_known_whatever_the_order(
    values: dict[str, float], contributions: dict[str, float], size: int
) -> None:
    bounded = ("noise", "same")
    known = {n: v > 0 if any(b in n for b in bounded) else abs(v) for n, v in values.items()}
    words = in_words(known, contributions, size)
    backwards = dict(reversed(contributions.items()))
    assert in_words(dict(reversed(known.items())), backwards, size) == words
    assert "nan" not in words
    assert words.count("against: ") <= 1
    assert bool(known) or words == ""


def test_no_feature_is_counted_twice_and_new_ones_have_words() -> None:
    named = [name for family in FAMILIES for name in family.names]
    assert len(named) == len(set(named))
    for name in set(NAMES) - set(named):
        assert other_family(name).phrase({name: 1.0}, 2)


def test_a_reranked_candidate_is_explained(trained: tuple[Reranker, Evaluation]) -> None:
    scored = scored_by(trained[0])
    positions = np.array([7, 0, 31])
    told = explanations(scored, positions, trained[0])
    rest = [
        scored.scores[p] - sum(e.contributions.values())
        for p, e in zip(positions, told, strict=True)
    ]
    np.testing.assert_allclose(rest, rest[0], atol=1e-4)
    for position, explanation in zip(positions.tolist(), told, strict=True):
        strengths = [abs(part) for part in explanation.contributions.values()]
        assert strengths == sorted(strengths, reverse=True)
        assert list(explanation.features) == list(NAMES)
        cosine = scored.features.column("cosine")[position]
        assert explanation.features["cosine"] == pytest.approx(cosine)
        assert f"cosine {cosine:.2f}" in explanation.words
        assert all(v is None or math.isfinite(v) for v in explanation.features.values())


def test_a_stand_in_is_its_own_explanation() -> None:
    scored = scored_by(None)
    told = explanations(scored, np.array([3]), None)[0]
    assert told.contributions == {"asnorm": pytest.approx(scored.scores[3])}
    assert told.words.partition(": ")[2].startswith("cosine ")


def test_a_pair_is_explained_by_its_linear_model(trained: tuple[Reranker, Evaluation]) -> None:
    gathered, groups = gathered_material()
    pair = Groups.of(groups.anchors[:1], [groups.members(0)[:1]])
    centred = material().background.apply(gathered.voices)
    scored = score_pairs(gathered, centred, pair, trained[0])
    told = explanations(scored, np.array([0]), trained[0])[0]
    total = sum(told.contributions.values()) + trained[0].qmf.bias
    linear = trained[0].qmf.scores(scored.features)[0]
    assert total == pytest.approx(float(linear))
    assert told.features["cosine_lead"] is None
    assert "nearest of" not in told.words
