"""Copies: the same content, the same audio encoded again, one voice under two labels."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .findings import Finding, Kind, Severity
from .rows import AuditRows, Rows, groups_of
from .similar import Similar
from .wording import counted

DURATION_TOLERANCE = 0.02
F0_TOLERANCE = 0.03
SPECTRUM_TOLERANCE_DB = 1.5

_ONE_LABEL = "keep one of them: copies make an evaluation look better than it is"
_MANY_LABELS = "find out whose voice it is; mend the labels or drop the copies, then index again"


def same_content(rows: AuditRows) -> Iterator[Finding]:
    """Find files that are equal byte for byte."""
    hashed = np.flatnonzero(rows.voices.content_hashes != None)  # noqa: E711 - elementwise
    for group in groups_of(rows.voices.content_hashes[hashed].astype(np.str_)):
        if len(group) > 1:
            yield _copies(rows, hashed[group], Kind.SAME_CONTENT, "the same content", {})


def same_audio(rows: AuditRows, similar: Similar) -> Iterator[Finding]:
    """Find recordings of other content that are the same audio, encoded again."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    same = are_copies(rows, similar.left, similar.right)
    left, right, cosines = similar.left[same], similar.right[same], similar.cosines[same]
    links = coo_array((np.ones(len(left)), (left, right)), shape=(len(rows), len(rows)))
    component = connected_components(links, directed=False)[1]
    of_pairs = component[left]
    for pairs in groups_of(of_pairs):
        group = np.unique(np.concatenate([left[pairs], right[pairs]]))
        evidence = {"lowest_cosine": float(cosines[pairs].min()), "near_identical": similar.cut}
        yield _copies(rows, group, Kind.SAME_AUDIO, "the same audio encoded again", evidence)


def are_copies(rows: AuditRows, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    """Tell which near-identical pairs agree in duration, pitch and spectrum as only copies do.

    Durations differ by at most 2 %, pitches by 3 %, half of the 40 bands by 1.5 dB. What is unknown
    on a side is passed over.
    """
    voices = rows.voices
    f0 = _ratio(voices.f0_hz[left], voices.f0_hz[right])
    bands = np.abs(voices.spectrum_mean[left] - voices.spectrum_mean[right])
    spectrum = np.median(bands, axis=1) if len(left) else np.empty(0)
    durations = _ratio(rows.durations[left], rows.durations[right])
    agree: npt.NDArray[np.bool_] = (
        (durations <= DURATION_TOLERANCE)
        & ~(f0 > F0_TOLERANCE)
        & ~(spectrum > SPECTRUM_TOLERANCE_DB)
    )
    return agree


def two_labels(rows: AuditRows, similar: Similar) -> Iterator[Finding]:
    """Find near-identical voices under two labels, one finding two labels.

    Copies under two labels are told of by `same_audio`; they speak for neither label here.
    """
    speakers = rows.voices.speakers
    pairs_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pair in np.flatnonzero(_under_two_labels(rows, similar)).tolist():
        first, second = sorted((speakers[similar.left[pair]], speakers[similar.right[pair]]))
        pairs_of[first, second].append(pair)
    for (first, second), pairs in sorted(pairs_of.items()):
        yield _alike(rows, similar, f"{first} and {second}", pairs)


def _under_two_labels(rows: AuditRows, similar: Similar) -> npt.NDArray[np.bool_]:
    """Tell which pairs have two labels and no side that is a copy from another label."""
    left, right = similar.left, similar.right
    labels = rows.voices.speakers[left], rows.voices.speakers[right]
    apart = (labels[0] != None) & (labels[1] != None) & (labels[0] != labels[1])  # noqa: E711
    copies = apart & are_copies(rows, left, right)
    astray = np.union1d(left[copies], right[copies])
    clear: npt.NDArray[np.bool_] = apart & ~np.isin(left, astray) & ~np.isin(right, astray)
    return clear


def _alike(rows: AuditRows, similar: Similar, speakers: str, pairs: list[int]) -> Finding:
    members = np.unique(np.concatenate([similar.left[pairs], similar.right[pairs]]))
    return Finding(
        Kind.TWO_LABELS,
        Severity.SERIOUS,
        f"{speakers} have near-identical voices in {counted(len(members), 'recording')}",
        rows.named(members),
        {
            "speakers": speakers,
            "highest_cosine": float(similar.cosines[pairs].max()),
            "near_identical": similar.cut,
        },
        "listen to them: if it is one person, give both labels one name; if a recording is in the"
        " wrong place, mend its label; then index again",
    )


def _copies(
    rows: AuditRows, group: Rows, kind: Kind, what: str, evidence: dict[str, float]
) -> Finding:
    speakers = rows.speakers_of(group)
    several = len(speakers) > 1
    under = f" under {len(speakers)} labels ({', '.join(speakers)})" if several else ""
    return Finding(
        kind,
        Severity.SERIOUS if several else Severity.WARNING,
        f"{len(group)} recordings are {what}{under}",
        rows.named(group),
        {"recordings": len(group), "labels": len(speakers), **evidence},
        _MANY_LABELS if several else _ONE_LABEL,
    )


def _ratio(
    left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """How much more the larger is than the smaller, as a share; NaN where one is unknown."""
    largest = np.maximum(np.maximum(left, right), np.float32(1e-9))
    share: npt.NDArray[np.float32] = np.abs(left - right) / largest
    return share
