"""From a manifest to the utterances and sounds of a training run."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import AudioError, EncoderError, ManifestError
from ...store.schema import Failure, Recording
from ..manifest import read_recordings
from .features import Utterance, read_wave
from .waves import Sounds, Wave

HELD_OUT_SHARE = 0.05
LEAST_HELD_OUT = 5
LEAST_SPEAKERS = 2


@dataclass(frozen=True, slots=True)
class Corpus:
    """Utterances to learn from, and utterances of other speakers to measure on."""

    training: Sequence[Utterance]
    development: Sequence[Utterance]


def read_corpus(manifest: Path, seed: int, language: str | None = None) -> Corpus:
    """The labelled utterances of a manifest whose paths are relative to its folder.

    With `language`, a primary subtag such as `en`, only those in it. The manifest's column `split`
    says `train` or `dev` (other rows are left out); without such a column, one speaker in twenty is
    held out, five at least.

    Raises
    ------
    EncoderError
        There are fewer than two speakers to learn from, or none to measure on.
    """
    listed = read_recordings(manifest.parent, manifest)
    rows = [
        r for r in listed.recordings if r.speaker.value and language in (None, r.language.value)
    ]
    if any("split" in r.extra for r in rows):
        splits = [r.extra.get("split") for r in rows]
    else:
        splits = _hold_out(rows, seed)
    parts = {
        name: [_utterance(r) for r, split in zip(rows, splits, strict=True) if split == name]
        for name in ("train", "dev")
    }
    speakers = {name: len({u.speaker for u in part}) for name, part in parts.items()}
    if speakers["train"] < LEAST_SPEAKERS or not speakers["dev"]:
        raise EncoderError(
            f"expected labelled speakers in the splits train (two or more) and dev of {manifest}"
            f"{f' in the language {language!r}' if language else ''}, got {speakers['train']} and"
            f" {speakers['dev']}; label the files' speakers, or drop the column 'split' to have"
            f" speakers held out{_left_out(listed.failures)}"
        )
    return Corpus(parts["train"], parts["dev"])


def read_sounds(manifest: Path | None) -> Sounds:
    """The noises and impulse responses of a CSV with columns `path`, `kind` and maybe `split`.

    `kind` `background` is a noise, any other an impulse response; of a column `split`, only
    `train` rows are read.
    """
    if manifest is None:
        return Sounds()
    noises: list[Wave] = []
    responses: list[Wave] = []
    try:
        with manifest.open(newline="") as file:
            for row in csv.DictReader(file):
                if row.get("split") in (None, "", "train"):
                    kept = noises if row["kind"] == "background" else responses
                    kept.append(read_wave(str(manifest.parent / row["path"])))
    except (OSError, KeyError, AudioError) as error:
        raise ManifestError(
            f"expected a CSV of readable sounds with columns path and kind in {manifest},"
            f" got {error!r}"
        ) from error
    return Sounds(noises, responses)


def _left_out(failures: Sequence[Failure]) -> str:
    """How many lines of the manifest name no usable file, and what ails the first."""
    if not failures:
        return ""
    first = failures[0]
    return f" ({len(failures)} files were left out, the first, {first.path}: {first.detail})"


def _hold_out(rows: Sequence[Recording], seed: int) -> list[str | None]:
    speakers = sorted({str(r.speaker.value) for r in rows})
    wanted = max(LEAST_HELD_OUT, round(HELD_OUT_SHARE * len(speakers)))
    count = min(wanted, len(speakers) // 2)
    held = set(np.random.default_rng(seed).permutation(speakers)[:count].tolist())
    return ["dev" if r.speaker.value in held else "train" for r in rows]


def _utterance(recording: Recording) -> Utterance:
    source = recording.extra.get("source", "")
    return Utterance(
        path=str(Path(recording.root, recording.path)),
        speaker=str(recording.speaker.value),
        cell=f"{source}/{recording.language.value}",
        source=source,
        licence=recording.extra.get("licence") or recording.extra.get("license", ""),
    )
