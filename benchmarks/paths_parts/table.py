"""The times as Markdown tables."""

from collections.abc import Mapping

from .timing import Timed


def table(title: str, timed: Mapping[str, Timed]) -> str:
    """Write one table; times are in milliseconds, or in seconds from one second on."""
    lines = [
        f"| {title} | CPU, least | CPU | wall, least | wall | 10 to 90 % | runs |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {_time(each.cpu_min)} | {_time(each.cpu)} | {_time(each.wall_min)} |"
            f" {_time(each.wall)} | {' to '.join(map(_time, each.wall_spread))} | {each.runs} |"
            for name, each in timed.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _time(milliseconds: float) -> str:
    if milliseconds >= 1_000:
        return f"{milliseconds / 1_000:.2f} s"
    return f"{milliseconds:.3g} ms"
