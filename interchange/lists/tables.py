"""Manifests as tables: CSV, TSV, JSON lines, Parquet, and the JSON lines of NeMo."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from .recordings import TAGS, Listed
from .texts import write_lines, write_separated

LABEL = "label"
"""What NeMo calls the speaker."""


def write_csv(path: Path, recordings: Sequence[Listed]) -> None:
    """Write CSV with a header, quoted where needed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_rows(recordings))
    write_lines(path, [text.getvalue().removesuffix("\n")])


def write_tsv(path: Path, recordings: Sequence[Listed]) -> None:
    """Write TSV with a header and no quotes, as IANA defines it.

    Raises
    ------
    InterchangeError
        A value holds a tab or a line break.
    """
    write_separated(path, _rows(recordings), "\t")


def write_jsonl(path: Path, recordings: Sequence[Listed]) -> None:
    """Write one JSON object a recording: `path`, the known tags, the further columns."""
    write_lines(path, (_json(one, {"path": one.file, **one.tags}) for one in recordings))


def write_nemo(path: Path, recordings: Sequence[Listed]) -> None:
    """Write NeMo's manifest of labelled speech: `audio_filepath`, `duration`, `offset`, `label`.

    The label is the speaker; a recording without one has none, nor a duration where the audio was
    never read.
    """
    write_lines(path, (_json(one, _nemo(one)) for one in recordings))


def write_parquet(path: Path, recordings: Sequence[Listed]) -> None:
    """Write a Parquet table of strings; an unknown tag is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    header, *rows = _rows(recordings)
    columns = zip(*rows, strict=True)
    arrays = [pa.array([cell or None for cell in column], pa.string()) for column in columns]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, names=list(header)), path)


TABLES: Mapping[str, Callable[[Path, Sequence[Listed]], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "nemo": write_nemo,
}
"""What writes each form, by its name."""


def _rows(recordings: Sequence[Listed]) -> Iterator[list[str]]:
    """Yield the header, and a row of cells for each recording."""
    further = sorted({name for one in recordings for name in one.further} - {"path", *TAGS})
    yield ["path", *TAGS, *further]
    for one in recordings:
        tags = [one.tags.get(tag, "") for tag in TAGS]
        yield [one.file, *tags, *(one.further.get(name, "") for name in further)]


def _nemo(one: Listed) -> dict[str, object]:
    tags = {(LABEL if tag == "speaker" else tag): value for tag, value in one.tags.items()}
    known = {} if one.duration_s is None else {"duration": round(one.duration_s, 6)}
    return {"audio_filepath": one.file, **known, "offset": 0.0, **tags}


def _json(one: Listed, fields: Mapping[str, object]) -> str:
    """Write fields, and the manifest's further columns where they have other names."""
    further = {name: text for name, text in one.further.items() if name not in fields}
    return json.dumps({**fields, **further}, ensure_ascii=False)
