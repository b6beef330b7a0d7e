"""The public Python API: each function takes a store, opened or as a path.

Heavy libraries are imported when a function first needs them. Encoders are loaded only for audio
that is not stored, once a process.
"""

from .arguments import Reference, opened
from .clustering import searching
from .diagnosing import doctor
from .exchange import export, import_embeddings
from .indexing import embed, index, open, tag, tag_windows
from .loading import embedder, encoder
from .looking import audit, probe, sql
from .matching import identify, identify_many, query, verify, verify_pairs
from .noting import log
from .reporting import report
from .reranking import evaluate, make_trials, train_reranker

__all__ = [
    "Reference",
    "audit",
    "doctor",
    "embed",
    "embedder",
    "encoder",
    "evaluate",
    "export",
    "identify",
    "identify_many",
    "import_embeddings",
    "index",
    "log",
    "make_trials",
    "open",
    "opened",
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
