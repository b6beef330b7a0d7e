import pytest

from spkret.commands.identifying import _best
from spkret.commands.matching import _share, _verdict


@pytest.mark.parametrize(
    ("probability", "none", "words"),
    [
        (0.9, 0.1, "match: a.wav  probability 90.0 %"),
        (0.9, None, "match: a.wav  probability 90.0 %"),
        (0.3, 0.1, "best candidate, not certain: a.wav  probability 30.0 %"),
        (1.0, 0.89, "best candidate, but probably none is the match: a.wav  probability 100.0 %"),
    ],
)
def test_the_best_is_named_as_surely_as_its_numbers_are(
    probability: float, none: float | None, words: str
) -> None:
    chances = {"probability": probability, "none_probability": none}
    match = {**chances, "match": "a.wav", "candidates": [{"path": "a.wav"}]}
    assert _verdict(match).startswith(f"{words}; probability that it is none of them: ")
    assert _verdict({**match, "match": None}).startswith("no match (best: a.wav, ")


def test_recordings_of_one_speaker_share_the_probability() -> None:
    share = {"speaker": "ann", "probability": 0.6, "ranks": [1, 2, 6]}
    match = {"match": "a.wav", "probability": 0.3, "none_probability": 0.1}
    match |= {"candidates": [{"path": "a.wav"}], "speakers": [share]}
    assert _share(share) == "speaker ann: 60.0 % over 3 recordings"
    assert _share({**share, "ranks": [4]}).endswith(" over 1 recording")
    assert _verdict(match).startswith("match: a.wav  probability 30.0 %")
    assert _verdict({**match, "speakers": [{**share, "ranks": [2, 3]}]}).startswith(
        "best candidate"
    )


@pytest.mark.parametrize(
    ("speaker", "probability", "none", "words"),
    [
        ("ann", 0.9, 0.1, "speaker: ann  probability 90.0 %"),
        ("ann", 0.4, None, "best speaker, not certain: ann  probability 40.0 %"),
        ("ann", 0.9, 0.6, "best speaker, but probably none of them: ann  probability 90.0 %"),
        (None, 0.9, 0.6, "no speaker"),
    ],
)
def test_the_best_speaker_too(
    speaker: str | None, probability: float, none: float | None, words: str
) -> None:
    result = {"speaker": speaker, "probability": probability, "none_probability": none}
    assert _best(result) == words
