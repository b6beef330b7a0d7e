"""The systems that are compared, by name; each module is imported where it is used only."""

from importlib import import_module
from importlib.util import find_spec

from .base import System

SYSTEMS = {
    "spkret": "spkret_index:Spkret",
    "numpy": "numpy_brute:Numpy",
    "faiss-flat": "faiss_index:Flat",
    "faiss-ivf-sq8": "faiss_index:InvertedLists",
    "faiss-hnsw-sq8": "faiss_index:Graph",
    "hnswlib": "hnswlib_graph:Hnswlib",
    "usearch": "usearch_graph:Usearch",
    "lancedb": "lance:Lance",
    "chroma": "chroma:Chroma",
    "milvus-lite": "milvus:Milvus",
}
OURS = ("spkret", "numpy", "faiss-flat", "faiss-ivf-sq8", "faiss-hnsw-sq8")
"""Run by the Python of spkret, since they use the same libraries; the others are peers."""


def make(name: str) -> System | None:
    """Make a system; None if its library is not installed."""
    module, cls = SYSTEMS[name].split(":")
    kind: type[System] = getattr(import_module(f".{module}", __package__), cls)
    return kind() if find_spec(kind.needs) else None
