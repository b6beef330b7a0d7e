"""Printing: tables, facts, and JSON that any parser reads."""

import io
import json
import math
from contextlib import redirect_stdout

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.commands.output import print_facts, print_json, print_table

Capture = pytest.CaptureFixture[str]


def test_plain_table_aligns_text_left_and_numbers_right(capsys: Capture) -> None:
    print_table(("rank", "path", "cosine"), [(1, "a.wav", 0.5), (12, "long name.wav", None)])
    assert capsys.readouterr().out.splitlines() == [
        "rank  path           cosine",
        "   1  a.wav           0.500",
        "  12  long name.wav       -",
    ]


def test_table_without_rows_is_its_heading(capsys: Capture) -> None:
    print_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_facts_are_aligned(capsys: Capture) -> None:
    print_facts({"rows": 3, "languages": {"en": 2, "es": 1}, "none": None, "roots": ["/a", "/b"]})
    assert capsys.readouterr().out.splitlines() == [
        "rows       3",
        "languages  en 2, es 1",
        "none       -",
        "roots      /a, /b",
    ]


def test_json_holds_numpy_scalars_and_null_for_what_is_not_finite(capsys: Capture) -> None:
    document = {"a": np.float32(0.5), "b": math.nan, "c": (np.int64(2), -math.inf), 3: True}
    print_json(document)
    assert json.loads(capsys.readouterr().out) == {
        "a": 0.5,
        "b": None,
        "c": [2, None],
        "3": True,
    }


text = st.text(st.characters(exclude_categories=["Cs"]))
number = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
scalar = st.none() | st.booleans() | number | text


@given(st.dictionaries(text, scalar | st.lists(scalar | st.dictionaries(text, scalar))))
def test_json_of_plain_values_reads_back(document: object) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        print_json(document)
    assert json.loads(printed.getvalue()) == document
