"""Check a store, mend it, and clear away what is old."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .audit import audit
from .clearing import purge
from .repair import repair as repair_findings

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found and did.

    Attributes
    ----------
    ok : nothing is wrong any more
    rows : recordings
    problems : what is wrong still, one line each
    repaired : what was mended, one line each
    index_fresh : whether the indexes hold precisely the rows; a search refreshes them
    freed_bytes : what compaction cleared away
    """

    ok: bool
    rows: int
    problems: tuple[str, ...]
    repaired: tuple[str, ...]
    index_fresh: bool
    freed_bytes: int


def check(store: "Store", repair: bool = False, compact: bool = False) -> CheckReport:
    """Check a store; see `Store.check`."""
    with store.locks.writing():
        findings = audit(store)
    repaired: list[str] = []
    if repair:
        with store.locks.maintaining():
            repaired = repair_findings(store, audit(store))
            findings = audit(store)
    before = store.size_bytes()
    if compact and not findings.problems:
        with store.locks.maintaining():
            _compact(store)
    opens = store.recordings.delta not in findings.unopened
    return CheckReport(
        ok=not findings.problems,
        rows=store.recordings.delta.count() if opens else 0,
        problems=tuple(findings.problems),
        repaired=tuple(repaired),
        index_fresh=opens and store.vectors.fresh(),
        freed_bytes=max(0, before - store.size_bytes()),
    )


def _compact(store: "Store") -> None:
    """Merge small files, delete old ones and what killed processes left."""
    for table in store.tables:
        table.change(table.merge_files)
        purge(table)
    for leftover in [*store.path.glob(".*.tmp"), *store.vectors.folder.rglob(".*.tmp")]:
        leftover.unlink()
    store.vectors.refresh_unlocked()
    store.vectors.retain_published()
