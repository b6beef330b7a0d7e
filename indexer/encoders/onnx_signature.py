"""What an ONNX file of a speaker encoder says of itself, read without running anything."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import EncoderError
from .base import SAMPLE_RATE_HZ, Encoder
from .kaldi import KaldiFrontEnd, three_d_speaker, wespeaker

if TYPE_CHECKING:
    import onnx

USUAL_MELS = 80
GRID = "grid_samples"  # the metadata in which `spkret export-onnx` keeps an encoder's grid
CONVENTIONS = {"wespeaker": wespeaker, "3d-speaker": three_d_speaker}
SCALES = {"0": 2.0**15, "1": 1.0}  # of `normalize_samples`, as sherpa-onnx writes it


@dataclass(frozen=True, slots=True)
class Signature:
    """An ONNX file that maps one input to embeddings.

    `front_end` makes the input of waveforms; None where the graph takes waveforms.
    `one_by_one`: the input's batch is declared to be one. `digest` is of the file and its external
    data.
    """

    front_end: KaldiFrontEnd | None
    one_by_one: bool
    grid_samples: int
    digest: str


def read_signature(path: Path) -> Signature:
    """Read what an ONNX file takes, and check that it stays within its folder.

    Raises
    ------
    EncoderError
        It cannot be read, is no ONNX, takes something else than one float input (batch, frames,
        bins) or (batch, samples), or names external data outside its folder.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        content = path.read_bytes()
        model = onnx.load_model_from_string(content)
    except OSError as error:
        raise EncoderError(f"expected an ONNX file at {path}, got {error.strerror}") from error
    except DecodeError as error:
        raise EncoderError(
            f"expected an ONNX file at {path}, got something else or a part of one;"
            " copy the file again"
        ) from error
    digest = hashlib.blake2b(content, digest_size=16)
    for file in _external_files(model, path):
        digest.update(file.read_bytes())
    return _describe(model, path, digest.hexdigest())


def _describe(model: "onnx.ModelProto", path: Path, digest: str) -> Signature:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise EncoderError(
            f"expected one input in {path}, waveforms or log-mel features,"
            f" got {', '.join(value.name for value in inputs) or 'none'}"
        )
    shape = _shape(inputs[0], path)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    _check_rate(metadata, path)
    return Signature(
        front_end=_front_end(metadata, inputs[0].name, shape, path) if len(shape) == 3 else None,
        one_by_one=shape[0] == 1,
        grid_samples=_grid(metadata, path),
        digest=digest,
    )


def _shape(value: "onnx.ValueInfoProto", path: Path) -> list[int | None]:
    """The shape of an input, None where it is free: any batch or one, any length."""
    import onnx

    kind = value.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
    floating = kind.elem_type == onnx.TensorProto.FLOAT
    if not floating or len(shape) not in (2, 3) or shape[0] not in (None, 1) or shape[1]:
        described = "x".join("any" if size is None else str(size) for size in shape)
        kinds = onnx.TensorProto.DataType
        raise EncoderError(
            f"expected float input (batch, samples) or (batch, frames, bins) in {path}, both but"
            f" bins free, got {value.name}: {kinds.Name(kind.elem_type).lower()} {described};"
            " export it with dynamic axes"
        )
    return shape


def _front_end(
    metadata: Mapping[str, str], name: str, shape: list[int | None], path: Path
) -> KaldiFrontEnd:
    """The features of a graph: by its metadata, else by its input's name, else WeSpeaker's.

    3D-Speaker's own export calls the input `feature`, WeSpeaker's `feats`.
    """
    usual = "3d-speaker" if name == "feature" else "wespeaker"
    framework = metadata.get("framework", usual)
    normalised = metadata.get("feature_normalize_type", "global-mean")
    if framework not in CONVENTIONS or normalised != "global-mean":
        raise EncoderError(
            f"expected metadata framework {' or '.join(CONVENTIONS)} and feature_normalize_type"
            f" global-mean in {path}, got {framework} and {normalised}"
        )
    front_end = CONVENTIONS[framework](shape[2] or USUAL_MELS)
    scale = SCALES.get(metadata.get("normalize_samples", ""), front_end.scale)
    return replace(front_end, scale=scale)


def _check_rate(metadata: Mapping[str, str], path: Path) -> None:
    rate = metadata.get("sample_rate", str(SAMPLE_RATE_HZ))
    if rate != str(SAMPLE_RATE_HZ):
        raise EncoderError(f"expected an encoder for {SAMPLE_RATE_HZ} Hz in {path}, got {rate} Hz")


def _grid(metadata: Mapping[str, str], path: Path) -> int:
    grid = metadata.get(GRID, str(Encoder.grid_samples))
    if not (grid.isascii() and grid.isdigit() and int(grid) > 0):
        raise EncoderError(f"expected metadata {GRID} above zero in {path}, got {grid!r}")
    return int(grid)


def _external_files(model: "onnx.ModelProto", path: Path) -> list[Path]:
    """The files that hold the graph's external data, all of them in its folder or below."""
    folder = path.parent.resolve()
    files = []
    for location in sorted(set(_locations(model))):
        file = (folder / location).resolve()
        if not (file.is_relative_to(folder) and file.is_file()):
            raise EncoderError(
                f"expected the external data of {path} in a file of its folder, got {location!r}"
            )
        files.append(file)
    return files


def _locations(message: Any) -> Iterator[str]:
    """Locations of external data, in whatever part of a protobuf message they stand."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield from (e.value for e in message.external_data if e.key == "location")
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            repeated = hasattr(value, "__len__")
            for part in value if repeated else [value]:
                yield from _locations(part)
