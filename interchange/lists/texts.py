"""Text files to write, gzipped where the name says so."""

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import InterchangeError, UsageError

GZIP_SUFFIX = ".gz"


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines, each without its end, in UTF-8; the folder is made if it is not there."""
    write_data(path, "".join(f"{line}\n" for line in lines).encode())


def write_data(path: Path, data: bytes) -> None:
    """Write the bytes of a text; the folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The time of writing is left out, so that the same lines give the same bytes.
    is_zipped = path.suffix.lower() == GZIP_SUFFIX
    path.write_bytes(gzip.compress(data, mtime=0) if is_zipped else data)


def write_separated(path: Path, rows: Iterable[Sequence[str]], separator: str) -> None:
    """Write rows of cells with nothing but a separator between them.

    Raises
    ------
    InterchangeError
        A cell holds the separator or a line break.
    """
    write_lines(path, (separator.join(_checked(row, separator)) for row in rows))


def _checked(row: Sequence[str], separator: str) -> Sequence[str]:
    odd = next((cell for cell in row if set(cell) & {separator, "\n", "\r"}), None)
    if odd is not None:
        raise InterchangeError(
            f"expected names and values without {'tabs' if separator == chr(9) else 'blanks'} or"
            f" line breaks, got {odd[:80]!r}; choose another --format"
        )
    return row


def form_of(path: Path, given: str | None, forms: Sequence[str]) -> str:
    """Return the format that is given, else the one that the ending of a file's name says.

    Raises
    ------
    UsageError
        There is no such format, or it is not zipped as the name says.
    """
    ending = Path(path.name.lower().removesuffix(GZIP_SUFFIX)).suffix.removeprefix(".")
    form = ending if given is None else given
    if form not in forms:
        raise UsageError(f"expected a --format of {', '.join(forms)}, got {given or path.name!r}")
    if form == "parquet" and path.suffix.lower() == GZIP_SUFFIX:
        raise UsageError(
            f"expected a name without {path.suffix}, got {path.name!r}: Parquet is compressed"
            " within; leave the ending out"
        )
    return form
