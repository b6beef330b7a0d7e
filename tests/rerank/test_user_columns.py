import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import UsageError
from spkret.rerank.user_columns import Kind, UserColumn, pooled, read_columns, user_features
from spkret.retrieval.groups import Groups


def extras(*rows: dict[str, str]) -> np.ndarray:
    return np.array([json.dumps(row) for row in rows], object)


EXTRAS = extras(
    {"height": "170", "town": "Ulm"},
    {"height": "182.5", "town": "Bonn"},
    {"height": "", "town": "Ulm"},
    {"town": ""},
)


def test_columns_of_a_pair_by_hand() -> None:
    columns = (UserColumn("height", Kind.NUMERIC), UserColumn("town", Kind.CATEGORICAL))
    found = user_features(EXTRAS, Groups.of([0, 1], [[1, 2, 3], [0]]), columns)
    unknown = np.nan
    np.testing.assert_array_equal(found["height:min"], [170, unknown, unknown, 170])
    np.testing.assert_array_equal(found["height:max"], [182.5, unknown, unknown, 182.5])
    np.testing.assert_array_equal(found["height:diff"], [12.5, unknown, unknown, 12.5])
    np.testing.assert_array_equal(found["town:same"], [0, 1, unknown, 0])
    assert [name for column in columns for name in column.names] == list(found)


def test_the_kind_is_seen_unless_it_is_said() -> None:
    columns = read_columns(["height", "town"], EXTRAS)
    assert [column.kind for column in columns] == ["numeric", "categorical"]
    assert read_columns(["height:categorical"], EXTRAS)[0].kind == "categorical"
    assert read_columns([], EXTRAS) == ()
    odd = extras({"a:numeric": "x"})
    assert read_columns(["a:numeric"], odd) == (UserColumn("a:numeric", Kind.CATEGORICAL),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["shoe"], "got 'shoe'; they have height, town"),
        (["town:numeric"], "expected numbers in the column 'town', got '(Ulm|Bonn)'; use town:cat"),
        (["height:long"], "expected height:numeric or :categorical"),
        (["height", "height:categorical"], "once, got 'height' again"),
    ],
)
def test_columns_that_cannot_be(given: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_columns(given, EXTRAS)


def test_recordings_without_columns_are_said_so() -> None:
    with pytest.raises(UsageError, match="they have no other columns"):
        read_columns(["town"], extras({}, {}))


def test_several_recordings_as_one() -> None:
    rows = extras({"h": "1", "t": "b"}, {"h": "3", "t": "a"}, {"h": "9", "t": "a"}, {"h": ""})
    assert json.loads(pooled(rows)) == {"h": "3.0", "t": "a"}
    assert pooled(extras({}, {})) == "{}"


def test_a_category_that_is_a_number_stays_as_it_is_written() -> None:
    enrolled = pooled(extras({"device": "3"}, {"device": "4"}, {"device": "3"}))
    sides = np.array([extras({"device": "3"})[0], enrolled], object)
    column = UserColumn("device", Kind.CATEGORICAL)
    found = user_features(sides, Groups.of([0], [[1]]), (column,))
    assert found["device:same"].tolist() == [1.0]


@given(st.lists(st.text(), min_size=2, max_size=8), st.sampled_from(Kind))
def test_any_text_is_a_value_or_unknown(texts: list[str], kind: Kind) -> None:
    rows = extras(*({"column": text} for text in texts))
    group = Groups.of([0], [np.arange(1, len(texts))])
    found = user_features(rows, group, (UserColumn("column", kind),))
    assert all(values.shape == (len(texts) - 1,) for values in found.values())
    assert not any(np.isinf(values).any() for values in found.values())
