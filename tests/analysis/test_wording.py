"""Numbers of things, in words."""

import pytest

from spkret.analysis.wording import counted


@pytest.mark.parametrize(
    ("number", "noun", "plural", "expected"),
    [
        (0, "speaker", None, "0 speakers"),
        (1, "speaker", None, "1 speaker"),
        (12_750, "recording", None, "12,750 recordings"),
        (2, "match", "matches", "2 matches"),
    ],
)
def test_numbers_agree_with_their_nouns(
    number: int, noun: str, plural: str | None, expected: str
) -> None:
    assert counted(number, noun, plural) == expected
