"""The sections on what is in a store."""

from collections.abc import Sequence

from ..findings import Finding
from . import figures_store as figures
from .content import Chart, Section, Table
from .failures import FailureReason
from .inventory import ACOUSTICS, Inventory

_SHOWN = 50
_ACOUSTIC_TITLES = {
    "snr_db": "How noisy is each noise condition?",
    "bandwidth_hz": "How much of the band does each noise condition carry?",
    "f0_hz": "Does the pitch differ between noise conditions?",
}
_BOX = (
    "The line is the median, the box the middle half, the whiskers reach from the 5th to the 95th"
    " percentile."
)
_PASSED_OVER = (
    "{:,} recordings were compared by their content only, not by their sound: spkret audit compares"
    " all."
)
_INDEX = "index a folder of audio: spkret index AUDIO_DIR"


def store_sections(
    inventory: Inventory,
    failures: Sequence[FailureReason],
    copies: Sequence[Finding],
    compared: int,
) -> list[Section]:
    """List the sections, in order; voices were compared in `compared` recordings."""
    return [
        _durations(inventory),
        _cells(inventory),
        _speakers(inventory),
        _acoustics(inventory),
        _sources(inventory),
        _failures(failures),
        _duplicates(copies, inventory.recordings - compared),
    ]


def _durations(inventory: Inventory) -> Section:
    title = "Durations"
    if not inventory.recordings:
        return Section("durations", title, missing=f"There are no recordings: {_INDEX}.")
    chart = Chart(
        "chart-durations",
        "How long are the recordings, and how much of them is speech?",
        "Each step is the number of recordings of that length; the last one holds the longest"
        " hundredth, too.",
        figures.durations(inventory),
    )
    hours = f"{inventory.hours:,.1f} hours of audio, {inventory.speech_hours:,.1f} of them speech."
    return Section("durations", title, (hours,), (chart,))


def _cells(inventory: Inventory) -> Section:
    title = "Languages and noise conditions"
    if not inventory.recordings:
        return Section("languages", title, missing=f"There are no recordings: {_INDEX}.")
    rows = [(c.language, c.noise, c.recordings, c.speakers) for c in inventory.cells]
    shown = min(len(inventory.languages), figures.SHOWN_LANGUAGES)
    of = "" if shown == len(inventory.languages) else f" The {shown} largest languages are drawn."
    chart = Chart(
        "chart-cells",
        "How many recordings are there of each language in each noise condition?",
        "Brighter is more, on a logarithmic scale; a gap has none, and the table counts speakers.",
        figures.cells(inventory),
        Table(("language", "noise condition", "recordings", "labelled speakers"), rows),
    )
    text = f"{len(inventory.languages):,} languages, {len(inventory.noises)} noise conditions.{of}"
    return Section("languages", title, (text,), (chart,))


def _speakers(inventory: Inventory) -> Section:
    text = (
        f"{inventory.speakers:,} labelled speakers; {inventory.unlabelled:,} recordings have no"
        " label."
    )
    charts = [] if not inventory.speakers else [_speakers_chart(inventory)]
    if set(inventory.genders) - {"unknown"} or inventory.ages:
        charts.append(_people_chart(inventory))
    missing = "" if inventory.speakers else (
        "No recording has a speaker label. Name a manifest with a speaker column:"
        " spkret index AUDIO_DIR --manifest FILE; only the tags are written anew."
    )  # fmt: skip
    return Section("speakers", "Speakers", (text,), charts, missing=missing)


def _speakers_chart(inventory: Inventory) -> Chart:
    most = list(inventory.recordings_per_speaker.items())[:_SHOWN]
    return Chart(
        "chart-speakers",
        "How many recordings does a speaker have?",
        "Each bar is the number of speakers with so many recordings; those with one can be"
        " candidates, never anchors.",
        figures.recordings_per_speaker(inventory),
        Table((f"speaker (the {len(most)} with the most)", "recordings"), most),
    )


def _people_chart(inventory: Inventory) -> Chart:
    counts = [*inventory.genders.items(), *inventory.ages.items()]
    return Chart(
        "chart-people",
        "Who speaks, as far as the tags say?",
        "Recordings by gender, and by age where one is known.",
        figures.people(inventory),
        Table(("gender or age", "recordings"), counts),
    )


def _acoustics(inventory: Inventory) -> Section:
    charts = [
        Chart(
            f"chart-{column}",
            question,
            _BOX,
            figures.acoustics(inventory, column),
            Table(
                ("noise condition", "recordings", "5 %", "25 %", "median", "75 %", "95 %"),
                [
                    (noise, q.count, *(round(v, 2) for v in (q.low, q.q1, q.median, q.q3, q.high)))
                    for noise, q in inventory.acoustics[column].items()
                ],
            ),
        )
        for column, question in _ACOUSTIC_TITLES.items()
        if inventory.acoustics[column]
    ]
    names = " or ".join(ACOUSTICS.values())
    missing = "" if charts else f"No {names} is known of any recording: {_INDEX}."
    return Section("acoustics", "Sound by noise condition", (), charts, missing=missing)


def _sources(inventory: Inventory) -> Section:
    title = "Where tags came from"
    if not inventory.recordings:
        return Section("tags", title, missing=f"There are no recordings: {_INDEX}.")
    rows = [(tag, s, n) for tag, counts in inventory.sources.items() for s, n in counts.items()]
    chart = Chart(
        "chart-sources",
        "Which tags were given, which were guessed, and which are missing?",
        "Each bar is all recordings, cut by where their tag came from: the manifest, folder names,"
        " a tagger (which may be wrong), or nowhere.",
        figures.sources(inventory),
        Table(("tag", "source", "recordings"), rows),
    )
    return Section("tags", title, charts=(chart,))


def _failures(failures: Sequence[FailureReason]) -> Section:
    title = "Failures"
    if not failures:
        return Section("failures", title, ("No file is known to have failed.",))
    examples = [(each.reason, e.path, e.detail) for each in failures for e in each.examples]
    chart = Chart(
        "chart-failures",
        "Why could files not be indexed?",
        "Each bar is the number of files whose last attempt failed for that reason.",
        figures.failures(failures),
        Table(("reason", "files"), [(each.reason, each.files) for each in failures]),
    )
    table = Table(("reason", "file", "detail"), examples)
    return Section("failures", title, charts=(chart,), tables=(("Examples", table),))


def _duplicates(copies: Sequence[Finding], passed_over: int) -> Section:
    title = "Duplicates"
    more = (_PASSED_OVER.format(passed_over),) if passed_over else ()
    if not copies:
        return Section("duplicates", title, ("No recording was found twice.", *more))
    text = (
        "Copies have the same content, or are the same audio encoded again: they make an"
        " evaluation look better than it is."
    )
    rows = [(each.summary, _paths(each.paths)) for each in copies]
    first = "" if len(rows) <= _SHOWN else f"; the first {_SHOWN} of them"
    name = f"Groups of copies: {len(rows):,}{first}"
    all_ = "spkret audit --json lists every path."
    table = Table(("finding", "recordings"), rows[:_SHOWN])
    return Section("duplicates", title, (text, all_, *more), tables=((name, table),))


def _paths(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
