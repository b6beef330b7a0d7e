import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.store.sealed import seal, unseal

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "digest"), values))
def test_documents_are_read_as_they_were_written(document: dict[str, object]) -> None:
    assert unseal(json.dumps(seal(document))) == document
    assert unseal(json.dumps(seal(document), indent=3, ensure_ascii=False)) == document


def test_what_json_writes_in_another_way_is_sealed_as_it_is_read() -> None:
    assert unseal(json.dumps(seal({"a": (1, 2), "b": {10: 1, 9: 2}}))) == {
        "a": [1, 2],
        "b": {"10": 1, "9": 2},
    }


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"a": 1}', '{"a": 1, "digest": 3}'])
def test_what_was_not_sealed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of JSON's, or ours
        unseal(text)


def test_what_was_changed_is_refused() -> None:
    with pytest.raises(ValueError, match="not as it was written"):
        unseal(json.dumps(seal({"a": 1.5})).replace("1.5", "1.6"))
