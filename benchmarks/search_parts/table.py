"""The results as Markdown tables."""

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]


def tables(rows: int, results: Mapping[str, Result], sizes: Sequence[int]) -> str:
    """Write the tables of one number of rows: whole partition, then groups."""
    ours = results.get("spkret")
    lines = [
        f"{rows:,} vectors, whole partition, the 20 nearest",
        "",
        _row("system", "recall", "p50 ms", "p99 ms", "times spkret", "memory MiB", "not mapped",
             "build s", "build MiB", "disk MiB", "load"),
        _rule(11),
        *(_whole(name, result, ours) for name, result in results.items()),
        "",
        f"{rows:,} vectors, groups: recall, p50 / p99 ms (times spkret)",
        "",
        _row("system", *(f"{size:,} candidates" for size in sizes)),
        _rule(1 + len(sizes)),
        *(_groups(name, result, ours, sizes) for name, result in results.items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _whole(name: str, result: Result, ours: Result | None) -> str:
    asked, build = result["ask"]["asked"]["all"], result["build"]
    effort = result["ask"]["effort"]
    return _row(
        name if effort is None else f"{name}, {effort}",
        f"{asked['recall']:.3f}",
        _ms(asked["p50_ms"]),
        _ms(asked["p99_ms"]),
        _ratio(asked, ours, "all"),
        result["ask"]["peak_mib"],
        result["ask"]["unmapped_mib"],
        build["seconds"],
        build["peak_mib"],
        build["disk_mib"],
        result["ask"]["load"],
    )


def _groups(name: str, result: Result, ours: Result | None, sizes: Sequence[int]) -> str:
    cells = []
    for size in sizes:
        asked = result["ask"]["asked"].get(str(size))
        if asked is None:
            cells.append("")
            continue
        times = f"{_ms(asked['p50_ms'])} / {_ms(asked['p99_ms'])}"
        cells.append(f"{asked['recall']:.3f}, {times} ({_ratio(asked, ours, str(size))})")
    return _row(name, *cells)


def _ratio(asked: Result, ours: Result | None, what: str) -> str:
    if ours is None:
        return ""
    ratio = asked["p50_ms"] / ours["ask"]["asked"][what]["p50_ms"]
    return f"{ratio:,.0f}" if ratio >= 9.5 else f"{ratio:.1f}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.1f}" if milliseconds >= 1 else f"{milliseconds:.3f}"


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _rule(columns: int) -> str:
    return _row(*["---"] * columns)
