"""Features that are taken from the audio: MFCC, or the embeddings of an encoder."""

from contextlib import closing

import numpy as np

from ...errors import AudioError, StoreError
from ...indexer.audio import RATE_HZ, open_file, open_source, windows
from ...indexer.extract import extract
from ...indexer.extraction import Extractor
from ...indexer.places import audio_file
from ...store.schema import Embedded, Failure, Recording, Vector
from .features import Features, Matrix, Progress, Read
from .rows import ProbeRows
from .stored import numbered

COEFFICIENTS = 20
_MEL_BANDS = 40
_STATISTICS = ("mean", "sd", "change_sd")


def mfcc(rows: ProbeRows, progress: Progress) -> Read:
    """Take MFCC of each recording: their frames, and for vectors statistics over them.

    A recording of more than a minute is heard for its first 30 s. The statistics are the mean and
    the standard deviation of each coefficient, and that of its change from frame to frame.

    Raises
    ------
    StoreError
        No file can be read.
    """
    sequences: dict[int, Matrix] = {}
    failures = []
    for row, (root, path) in enumerate(zip(rows.roots, rows.paths, strict=True)):
        try:
            sequences[row] = mfcc_frames(_first_window(root, path))
        except AudioError as error:
            failures.append(f"{_full(root, path)}: {error}")
        progress(row + 1, len(rows))
    _require(sequences, failures)
    values = np.stack([statistics(frames) for frames in sequences.values()])
    names = tuple(f"{name}_{each}" for each in _STATISTICS for name in numbered("c", COEFFICIENTS))
    features = Features(names, values, list(sequences.values()))
    return Read(features, np.array(list(sequences), np.int64), tuple(failures))


def embedded(rows: ProbeRows, extractor: Extractor, progress: Progress) -> Read:
    """Embed each recording by an encoder.

    Raises
    ------
    StoreError
        No file can be read.
    """
    found: dict[int, Vector] = {}
    failures = []
    recordings = [Recording(*name) for name in zip(rows.roots, rows.paths, strict=True)]
    row_of = {(each.root, each.path): row for row, each in enumerate(recordings)}
    outcomes = extract(recordings, extractor.encoder, _always, options=extractor.options)
    for done, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, Failure):
            full = _full(outcome.root, outcome.path)
            failures.append(f"{full}: {outcome.reason}: {outcome.detail}")
        elif isinstance(outcome, Embedded):
            named = outcome.recording
            found[row_of[named.root, named.path]] = outcome.embedding
        progress(done, len(rows))
    _require(found, failures)
    order = sorted(found)
    values = np.stack([found[row] for row in order])
    features = Features(numbered("embedding", values.shape[1]), values)
    return Read(features, np.array(order, np.int64), tuple(sorted(failures)))


def mfcc_frames(waveform: Vector) -> Matrix:
    """Compute MFCC (frames, 20) of a waveform (samples,) at 16 kHz, by kaldi-native-fbank.

    Frames of 25 ms every 10 ms, 40 mel bands, without dither; the first coefficient is the level.
    """
    import kaldi_native_fbank

    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = RATE_HZ
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = _MEL_BANDS
    options.num_ceps = COEFFICIENTS
    options.use_energy = False
    bank = kaldi_native_fbank.OnlineMfcc(options)
    bank.accept_waveform(RATE_HZ, waveform)
    bank.input_finished()
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)]).astype(np.float32)


def statistics(frames: Matrix) -> Vector:
    """Sum up frames (frames, coefficients) as a vector (3 · coefficients,), see `mfcc`."""
    changes = np.diff(frames, axis=0) if len(frames) > 1 else np.zeros_like(frames)
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0), changes.std(axis=0)])


def _first_window(root: str, path: str) -> Vector:
    with (
        audio_file(root, path) as here,
        open_file(here) as file,
        closing(open_source(here, file)) as source,
    ):
        return next(windows(source))


def _full(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}"


def _require(found: dict[int, Vector] | dict[int, Matrix], failures: list[str]) -> None:
    if not found:
        raise StoreError(
            f"expected the audio that the store was made from, could read none of"
            f" {len(failures)} files, the first {failures[0]}; use --features stored or acoustics"
        )


def _always(_: str) -> bool:
    return True
