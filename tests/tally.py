"""What the tests of faults and of hostile input count, told when all tests are over."""

from collections import Counter

COUNTS: dict[str, Counter[str]] = {}


def tell(what: str, **counts: int) -> None:
    """Add to the counts of something; `rows_lost` is told as `rows lost`, and 0 is told, too."""
    told = COUNTS.setdefault(what, Counter())
    for name, count in counts.items():
        told[name] += count


def lines() -> list[str]:
    """Say what was counted, a line each."""
    width = max(map(len, COUNTS), default=0)
    return [
        f"{what:{width}}  "
        + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
        for what, counts in COUNTS.items()
    ]
