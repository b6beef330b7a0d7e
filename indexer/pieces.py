"""From a window of a file to what the encoder is given."""

from dataclasses import dataclass

from ..store.schema import Seconds, Vector
from .audio import RATE_HZ, is_silent
from .crops import crops
from .denoise import denoised
from .extraction import Extraction
from .vad import is_speech


@dataclass(frozen=True, slots=True)
class Piece:
    """A waveform (samples,) at 16 kHz to embed, and its weight in the file's embedding."""

    waveform: Vector
    seconds: Seconds


def pieces(waveform: Vector, options: Extraction) -> list[Piece]:
    """Cut a window (samples,) as the options say; silence is left out.

    Speech is looked for in the window as it is, which the detector was trained on; the denoiser
    sees its pauses too. The window and its crops weigh the same, together as much as its seconds.
    """
    kept = denoised(waveform) if options.denoise else waveform
    if options.vad:
        kept = kept[is_speech(waveform)]
    if not len(kept):
        return []
    heard = [part for part in (kept, *crops(kept, options.crops)) if not is_silent(part)]
    return [Piece(part, len(kept) / RATE_HZ / len(heard)) for part in heard]
