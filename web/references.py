"""What clients call a recording by: an upload, a stored id or a stored path; never a file."""

from collections.abc import Sequence

from ..errors import AmbiguousRecordingError, UnknownRecordingError
from ..retrieval.library import Unstored
from .catalogue import Catalogue
from .uploads import Upload, Uploads

UPLOAD = "upload:"
_LONGEST_ID = 19
_LONGEST_SHOWN = 80
_MOST_NAMED = 5


def resolve(reference: str, catalogue: Catalogue, uploads: Uploads) -> int | Upload:
    """Find what a reference names: the id of a stored recording, or an upload.

    The disk is not looked at, so that a file which is not stored is as unknown as one that is not
    there.

    Raises
    ------
    UnknownRecordingError
        It names neither.
    AmbiguousRecordingError
        The path is stored under several roots.
    """
    if reference.startswith(UPLOAD):
        return uploads.get(reference.removeprefix(UPLOAD))
    number = as_id(reference)
    if number is not None and catalogue.row(number) is not None:
        return number
    rows = catalogue.rows_of_path(reference)
    if len(rows) > 1:
        ids = ", ".join(str(catalogue.ids[row]) for row in rows[:5])
        raise AmbiguousRecordingError(
            f"{_short(reference)} is stored under {len(rows)} roots; give its id: {ids}"
        )
    if not rows:
        raise UnknownRecordingError(
            f"expected a stored id, a stored path or upload:ID, got {_short(reference)}"
        )
    return int(catalogue.ids[rows[0]])


def resolve_all(
    references: Sequence[str], catalogue: Catalogue, uploads: Uploads
) -> list[int | Upload]:
    """Find what each of many references names.

    Raises
    ------
    UnknownRecordingError
        Some name nothing: how many, and the first five of them.
    AmbiguousRecordingError
        A path is stored under several roots.
    """
    found: list[int | Upload] = []
    failed: list[tuple[str, UnknownRecordingError]] = []
    for reference in references:
        try:
            found.append(resolve(reference, catalogue, uploads))
        except UnknownRecordingError as error:
            failed.append((reference, error))
    if len(failed) == 1:
        raise failed[0][1]
    if failed:
        first = ", ".join(_short(reference) for reference, _ in failed[:_MOST_NAMED])
        raise UnknownRecordingError(
            f"expected stored ids, stored paths or upload:ID, got {len(failed):,} of"
            f" {len(references):,} names that are unknown: {first}"
            f"{' and others' if len(failed) > _MOST_NAMED else ''}"
        )
    return found


def as_id(reference: str) -> int | None:
    """Read a stored id, None where it cannot be one."""
    is_number = reference.isascii() and reference.isdigit() and len(reference) <= _LONGEST_ID
    number = int(reference) if is_number else -1
    return number if 0 <= number < 2**63 else None


def for_matching(found: Sequence[int | Upload]) -> list[int | Unstored]:
    """Return references as matching takes them."""
    return [Unstored(one.path) if isinstance(one, Upload) else one for one in found]


def _short(reference: str) -> str:
    text = ascii(reference)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
