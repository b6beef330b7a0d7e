import csv
import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import ManifestError
from spkret.indexer.manifests.rows import BadRow, Row
from spkret.indexer.manifests.tables import SUFFIXES, read_table
from spkret.indexer.reasons import Reason


def rows_of(path: Path, text: str | bytes) -> list[Row | BadRow]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_table(path))


def good(rows: list[Row | BadRow]) -> list[Row]:
    return [row for row in rows if isinstance(row, Row)]


def test_csv_sorts_columns_into_path_tags_and_extra(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path / "m.csv",
        '\ufeffpath,speaker,language,take,note\na.wav,ann,en,3,"x, y"\nb.wav,,,,\n',
    )
    assert rows == [
        Row("a.wav", "line 2", {"speaker": "ann", "language": "en"}, {"take": "3", "note": "x, y"}),
        Row("b.wav", "line 3", {}, {}),
    ]


@pytest.mark.parametrize("path", ["path", "audio_filepath", "filename", "Path"])
@pytest.mark.parametrize("speaker", ["speaker", "label", "speaker_id", "client_id"])
@pytest.mark.parametrize("language", ["language", "locale", "lang"])
def test_column_aliases(tmp_path: Path, path: str, speaker: str, language: str) -> None:
    (row,) = rows_of(tmp_path / "m.csv", f"{path},{speaker},{language}\na.wav,ann,en\n")
    assert isinstance(row, Row)
    assert row.tags == {"speaker": "ann", "language": "en"}
    assert row.path == "a.wav"


def test_the_first_alias_wins_and_the_others_are_extra(tmp_path: Path) -> None:
    (row,) = good(rows_of(tmp_path / "m.csv", "filename,path,label,speaker\nf,p,l,s\n"))
    assert row.path == "p"
    assert row.tags == {"speaker": "s"}
    assert row.extra == {"filename": "f", "label": "l"}


def test_common_voice_tsv_has_stray_quotes(tmp_path: Path) -> None:
    text = (
        'client_id\tpath\tsentence\tlocale\nabc\tc_1.mp3\t"Hi, he said\tcy\nabd\tc_2.mp3\t"\tcy\n'
    )
    rows = good(rows_of(tmp_path / "validated.tsv", text))
    assert [row.path for row in rows] == ["c_1.mp3", "c_2.mp3"]
    assert rows[0].tags == {"speaker": "abc", "language": "cy"}
    assert rows[0].extra == {"sentence": '"Hi, he said'}


@pytest.mark.parametrize("suffix", ["jsonl", "json", "ndjson"])
def test_nemo_json_lines(tmp_path: Path, suffix: str) -> None:
    text = '{"audio_filepath": "a.wav", "offset": 0, "duration": 2.5, "label": "ann", "ok": null}\n'
    (row,) = rows_of(tmp_path / f"m.{suffix}", text)
    assert isinstance(row, Row)
    assert (row.path, row.tags) == ("a.wav", {"speaker": "ann"})
    assert row.extra == {"offset": "0", "duration": "2.5"}


@pytest.mark.parametrize("offset", ["0", "0.0", '"0.0"', "-0.0", "null", '""'])
def test_no_offset_is_a_whole_file(tmp_path: Path, offset: str) -> None:
    rows = rows_of(tmp_path / "m.jsonl", f'{{"path": "a.wav", "offset": {offset}}}\n')
    assert [row.path for row in good(rows)] == ["a.wav"]


def test_all_segments_of_a_file_fail(tmp_path: Path) -> None:
    lines = [
        '{"audio_filepath": "a.wav", "offset": 0.0, "duration": 2.0, "label": "ann"}',
        '{"audio_filepath": "a.wav", "offset": 2.0, "duration": 3.0, "label": "bob"}',
        '{"audio_filepath": "b.wav", "offset": 0.0, "duration": 2.0, "label": "eve"}',
    ]
    first, second, whole = rows_of(tmp_path / "m.jsonl", "\n".join(lines))
    assert isinstance(first, BadRow)
    assert first.detail == "line 1: offset 0.0 in a.wav: segments are not read, cut the file"
    assert isinstance(second, BadRow)
    assert isinstance(whole, Row)


def test_bad_json_lines_are_rows_with_a_reason(tmp_path: Path) -> None:
    lines = [
        '{"path": "a.wav", "tags": {"x": [1, "é"]}}',
        "{oops",
        "[1, 2]",
        '{"speaker": "ann"}',
        '{"path": "b.wav", "offset": 2.5}',
        '{"path": "c\\ud800.wav"}',
        "[" * 100_000,
        '{"path": "a\\u0000b.wav"}',
    ]
    rows = rows_of(tmp_path / "m.jsonl", "\n".join(lines))
    assert [row.path for row in good(rows)] == ["a.wav"]
    assert good(rows)[0].extra == {"tags": '{"x": [1, "é"]}'}
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [row.path for row in bad] == [f"line {n}" for n in range(2, 9)]
    assert {row.reason for row in bad} == {Reason.BAD_ROW}
    assert "segments are not read" in bad[3].detail


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "path": ["a.wav", None],
            "speaker": pa.array(["ann", "bob"]).dictionary_encode(),
            "take": [1, 2],
            "audio": [b"xx", b"yy"],
            "ok": [True, None],
        }
    )
    pq.write_table(table, tmp_path / "m.parquet")
    row, bad = read_table(tmp_path / "m.parquet")
    assert row == Row("a.wav", "row 1", {"speaker": "ann"}, {"take": "1", "ok": "true"})
    assert bad == BadRow("row 2", Reason.BAD_ROW, "row 2: no path")


def test_bad_csv_rows_do_not_stop_the_others(tmp_path: Path) -> None:
    text = b"path,speaker\na.wav,ann\n,bob\nb.wav\nc.wav,x,y\n\nd\xff.wav,ann\ne.wav,eve\n"
    rows = rows_of(tmp_path / "m.csv", text)
    assert [row.path for row in good(rows)] == ["a.wav", "e.wav"]
    details = [row.detail for row in rows if isinstance(row, BadRow)]
    assert details == [
        "line 3: no path",
        "line 4: expected 2 fields as in the header, got 1",
        "line 5: expected 2 fields as in the header, got 3",
        "line 7: not UTF-8; save the manifest as UTF-8",
    ]


def test_a_quote_that_is_not_closed_is_named(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "m.csv", 'path,speaker\na.wav,ann\n"b.wav,bob\nc.wav,eve\n')
    assert [row.path for row in good(rows)] == ["a.wav"]
    assert isinstance(rows[1], BadRow)
    assert "lines 3-4 (one quoted row)" in rows[1].detail


def test_a_field_beyond_the_limit_is_a_bad_row(tmp_path: Path) -> None:
    text = f"path,note\na.wav,{'x' * 200_000}\nb.wav,y\n"
    rows = rows_of(tmp_path / "m.csv", text)
    assert isinstance(rows[0], BadRow)
    assert [row.path for row in good(rows)] == ["b.wav"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", b"", "header line"),
        ("m.csv", b"a;b;c\n1;2;3\n", "expected a column path"),
        ("m.csv", "path,ä".encode("utf-16"), "expected a column path"),
        ("m.csv", b"path,path\na,b\n", "each column once"),
        ("m.jsonl", b"hello\nworld\n", "one JSON object a line"),
        ("m.json", b'[{"path": "a.wav"}]', "one JSON object a line"),
        ("m.parquet", b"PAR1 not really PAR1", "as Parquet"),
        ("m.txt", b"a.wav ann", "expected a manifest that ends in"),
    ],
)
def test_what_is_no_manifest_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(ManifestError, match=message):
        rows_of(tmp_path / name, content)


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        list(read_table(tmp_path / "m.csv"))


TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\0\r\n\t\ufeff", exclude_categories=["Zs", "Cc"]
    ),
    min_size=1,
    max_size=12,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"path": TEXT},
        optional={"speaker": TEXT, "language": TEXT, "gender": TEXT, "extra ü": TEXT},
    ),
    min_size=1,
    max_size=6,
)


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    names = ["path", *sorted({name for row in rows for name in row} - {"path"})]
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({n: [row.get(n) for row in rows] for n in names}), path)
    else:
        tabs = path.suffix == ".tsv"
        with path.open("w", newline="", encoding="utf-8") as file:
            if tabs:
                lines = [names, *([row.get(n, "") for n in names] for row in rows)]
                file.writelines("\t".join(line) + "\n" for line in lines)
            else:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(rows)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
@given(rows=ROWS)
def test_round_trip(tmp_path: Path, suffix: str, rows: list[dict[str, str]]) -> None:
    path = tmp_path / f"m.{suffix}"
    write_table(path, rows)
    found = [{"path": row.path, **row.tags, **row.extra} for row in good(list(read_table(path)))]
    assert found == [{name: text.strip() for name, text in row.items()} for row in rows]


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(content=st.binary(max_size=200), header=st.booleans())
def test_random_bytes_raise_only_typed_errors(
    tmp_path: Path, suffix: str, content: bytes, header: bool
) -> None:
    path = tmp_path / f"m{suffix}"
    path.write_bytes((b"path,speaker\n" if header else b"") + content)
    with suppress(ManifestError):
        assert all(row.path for row in read_table(path))
