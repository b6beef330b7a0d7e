"""Requests made up from the description: never the server's fault, always as described."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from builders import SpectralEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from spkret.api import loading
from spkret.store.store import Store
from spkret.web.app import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(served_path: Path) -> Iterator[schemathesis.BaseSchema]:
    """What a server says of itself; it is started by the first request and ends with the run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())
        app = create_app(Store.open(served_path))
        yield schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})


def fuzz(schema: schemathesis.BaseSchema, mode: GenerationMode, examples: int) -> Counter[int]:
    """Send made-up requests to every operation; return how many got which status."""
    sent: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case[Any]) -> None:
            answer = case.call_and_validate(base_url="http://localhost", checks=CHECKS)
            sent[answer.status_code] += 1

        with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked for
            check()
    return sent


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_made_up_requests_are_answered_as_described(
    described: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    sent = fuzz(described, mode, 6)
    assert sent.total() >= 60
    assert max(sent) < 500


@pytest.mark.slow
def test_thousands_of_made_up_requests_are_answered_as_described(
    described: schemathesis.BaseSchema,
) -> None:
    sent = fuzz(described, GenerationMode.POSITIVE, 120)
    sent += fuzz(described, GenerationMode.NEGATIVE, 120)
    print(f"{sent.total()} calls: {dict(sorted(sent.items()))}")
    assert sent.total() >= 2_000
    assert max(sent) < 500
