import math

import pytest

from spkret.retrieval.ages import years


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("34", 34.0),
        (" 34.5 ", 34.5),
        ("30-39", 34.5),
        ("30 to 40", 35.0),
        ("30s", 35.0),
        ("Thirties", 35.0),
        ("teens", 15.0),
        ("0", 0.0),
    ],
)
def test_ages_as_people_write_them(written: str, expected: float) -> None:
    assert years(written) == expected


@pytest.mark.parametrize("written", [None, "", "old", "nan", "-3", "1987", "inf"])
def test_what_is_no_age_is_unknown(written: str | None) -> None:
    assert math.isnan(years(written))
