"""Ages as people write them, in years."""

import re

Years = float

_DECADES = {
    "teens": 15.0,
    "twenties": 25.0,
    "thirties": 35.0,
    "fourties": 45.0,
    "forties": 45.0,
    "fifties": 55.0,
    "sixties": 65.0,
    "seventies": 75.0,
    "eighties": 85.0,
    "nineties": 95.0,
}
_RANGE = re.compile(r"(\d{1,3}) ?(?:-|\u2013|to) ?(\d{1,3})")
_DECADE = re.compile(r"(\d{1,2}0)s")
_OLDEST: Years = 120.0


def years(text: str | None) -> Years:
    """Read an age: `34`, `30-39` (its middle), `30s` or `thirties` (35); NaN if it is no age."""
    written = (text or "").strip().lower()
    if span := _RANGE.fullmatch(written):
        return (float(span[1]) + float(span[2])) / 2
    if decade := _DECADE.fullmatch(written):
        return float(decade[1]) + 5
    try:
        age = _DECADES[written] if written in _DECADES else float(written)
    except ValueError:
        return float("nan")
    return age if 0 <= age <= _OLDEST else float("nan")
