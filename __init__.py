"""spkret: speaker retrieval. The public Python API; each name is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "audit",
    "doctor",
    "embed",
    "evaluate",
    "export",
    "identify",
    "identify_many",
    "import_embeddings",
    "index",
    "log",
    "make_trials",
    "open",
    "probe",
    "query",
    "report",
    "searching",
    "sql",
    "tag",
    "tag_windows",
    "train_reranker",
    "verify",
    "verify_pairs",
]

if TYPE_CHECKING:
    from .api import (
        audit,
        doctor,
        embed,
        evaluate,
        export,
        identify,
        identify_many,
        import_embeddings,
        index,
        log,
        make_trials,
        open,
        probe,
        query,
        report,
        searching,
        sql,
        tag,
        tag_windows,
        train_reranker,
        verify,
        verify_pairs,
    )


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".api", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
