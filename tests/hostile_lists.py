"""Lists, models and embeddings that mean harm: real ones mutated, bombs, and lies."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hostile_audio import mutated

ROWS = [{"path": f"en/{i}.wav", "speaker": f"s{i % 5}", "language": "en"} for i in range(40)]
BOMB_BYTES = 256 << 20
_CSV = "path,speaker,language\n" + "".join(",".join(row.values()) + "\n" for row in ROWS)
_TRIALS = [
    {"id": f"r{i}", "anchor": "a.wav", "group": ["b.wav", f"{i}.wav"], "match": "b.wav"}
    for i in range(40)
]
_SIGNS = b"\0\n\r\t,;\"'[]{}:\\/#| \xff\xfe\xef\xbb\xbf\xc3\x80"


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _cut(number: int) -> dict[str, Any]:
    source = {"type": "file", "channels": [0], "source": f"{number}.wav"}
    recording = {"id": f"r{number}", "sources": [source], "sampling_rate": 16_000, "duration": 2.0}
    said = [{"id": "s", "recording_id": f"r{number}", "start": 0, "duration": 2, "speaker": "a"}]
    return {
        "id": f"c{number}",
        "start": 0,
        "duration": 2.0,
        "type": "MonoCut",
        "recording": recording,
        "supervisions": said,
    }


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return bytes(sink.getvalue().to_pybytes())


@cache
def lists(kind: str) -> dict[str, bytes]:
    """Whole files of a kind by the ending of their names."""
    nemo = [{"audio_filepath": row["path"], "label": row["speaker"]} for row in ROWS]
    texts = {
        "manifest": {
            "a.csv": _CSV.encode(),
            "a.tsv": _CSV.replace(",", "\t").encode(),
            "a.jsonl": _lines(nemo),
            "a.parquet": _parquet(),
            "a.csv.gz": gzip.compress(_CSV.encode()),
            "cuts.jsonl.gz": gzip.compress(_lines([_cut(i) for i in range(9)])),
            "recordings.jsonl": _lines([_cut(i)["recording"] for i in range(9)]),
        },
        "trials": {
            "a.jsonl": _lines(_TRIALS),
            "a.json": json.dumps(_TRIALS).encode(),
            "a.csv": b"anchor,group,match\n" + b"a.wav,b.wav;c.wav,b.wav\n" * 30,
            "a.jsonl.gz": gzip.compress(_lines(_TRIALS)),
        },
        "group": {"a.txt": b"a.wav\n# no\nb.wav\n" * 20, "a.gz": gzip.compress(b"a.wav\n" * 30)},
        "pairs": {
            "a.txt": b"1 a.wav b.wav\n0 a.wav c.wav\n" * 20,
            "kaldi.txt": b"a b target\na c nontarget\n" * 20,
            "nist.tsv": b"modelid\tsegmentid\ttargettype\n" + b"a\tb\ttarget\n" * 20,
        },
        "enrolment": {"a.csv": b"speaker,path\n" + b"anna,a.wav\n" * 20},
        "anchors": {"a.csv": b"path,speaker\n" + b"a.wav,anna\n" * 20, "a.txt": b"a.wav\n" * 9},
        "embeddings": _embeddings() if kind == "embeddings" else {},
    }
    return texts[kind]


LISTS = ("manifest", "trials", "group", "pairs", "enrolment", "anchors", "embeddings")


def _embeddings() -> dict[str, bytes]:
    from spkret.interchange.embeddings.base import Shape
    from spkret.interchange.embeddings.registry import FORMATS

    vectors = np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32)
    shape = Shape([f"en/{i}.wav" for i in range(20)], 8)
    found = {}
    with TemporaryDirectory() as folder:
        for form in FORMATS:
            path = Path(folder, f"a{form.suffixes[0]}")
            form.write(path, shape, [vectors])
            found[path.name] = path.read_bytes()
    return found


def mutated_lists(kind: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents, every form of a kind in turn; some are changed within the zip."""
    random, forms = Random(seed), list(lists(kind).items())
    for number in range(count):
        name, data = forms[number % len(forms)]
        if name.endswith(".gz") and random.random() < 0.5:
            changed = gzip.compress(_mutated_text(gzip.decompress(data), random), 1)
        elif random.random() < 0.5:
            changed = _mutated_text(data, random)
        else:
            changed = mutated(data, random)
        yield f"{number:05}-{name}", changed


def _mutated_text(data: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 5, 50))):
        changed[random.randrange(len(changed))] = random.choice(_SIGNS)
    return bytes(changed)


@cache
def _zeros(head: bytes = b"", sign: bytes = b"x" * 1_023 + b"\n") -> bytes:
    """Zip a quarter of a gigabyte into one or two megabytes: one block, again and again."""
    block = sign * ((16 << 20) // len(sign))
    return gzip.compress(head) + gzip.compress(block, 1) * (BOMB_BYTES // len(block))


def bombs(kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files that unpack to much, or nest without an end."""
    head = {"manifest": b"path,speaker\n", "enrolment": b"speaker,path\n"}.get(kind, b"path\n")
    deep = b'{"path":' + b"[" * 200_000
    match kind:
        case "embeddings":
            yield from _embedding_bombs()
        case "manifest":
            yield "lines.csv.gz", _zeros(head)
            yield "one-line.csv.gz", _zeros(head, b"x")
            yield "quoted.csv.gz", _zeros(head + b'"', b"x")
            yield "line.jsonl.gz", _zeros(b'{"path": "', b"x")
            yield "deep.jsonl", deep
            yield "wide.csv", b"path" + b",x" * 500_000 + b"\na.wav\n"
            yield "digits.jsonl", b'{"path": ' + b"9" * 50_000 + b"}\n"
            yield "dictionary.parquet", _parquet_bomb()
        case _:
            ending = {"trials": "jsonl", "enrolment": "csv"}.get(kind, "txt")
            yield f"lines.{ending}.gz", _zeros(head)
            yield f"one-line.{ending}.gz", _zeros(head, b"x")
            yield f"deep.{ending}", deep


def _parquet_bomb() -> bytes:
    """A megabyte of text in each of 100,000 rows, in some kilobytes."""
    text = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * (1 << 20)])
    )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"path": text}), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _embedding_bombs() -> Iterator[tuple[str, bytes]]:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (BOMB_BYTES // 32, 8)}
    )
    yield "announced.npy", header.getvalue()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        with file.open("embeddings.npy", "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for _ in range(BOMB_BYTES >> 24):
                member.write(bytes(1 << 24))
        file.writestr("keys.npy", header.getvalue())
    yield "bomb.npz", packed.getvalue()
    size = (1 << 62).to_bytes(8, "little")
    yield "header.safetensors", size + b"{}"
    tensor = {"dtype": "F32", "shape": [BOMB_BYTES, 8], "data_offsets": [0, BOMB_BYTES * 32]}
    text = json.dumps({"embeddings": tensor}).encode()
    yield "lies.safetensors", len(text).to_bytes(8, "little") + text


def models(random: Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of encoders that are none."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as file:
        for name in ("model_config.yaml", "model_weights.ckpt"):
            member = tarfile.TarInfo(name)
            member.size = BOMB_BYTES // 2
            file.addfile(member, _Endless())  # type: ignore[arg-type]
    yield "bomb.nemo", packed.getvalue()
    for number, name in enumerate(("../../up.yaml", "/etc/spkret-hostile", "model_config.yaml")):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as file:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            file.addfile(member)
        yield f"link-{number}.nemo", packed.getvalue()
    shipped = Path(__file__).parents[1] / "indexer/tagging/models"
    graph = next(iter(sorted(shipped.glob("*.onnx"))), None)
    for number in range(count):
        name = random.choice(("a.nemo", "a.onnx"))
        data = graph.read_bytes() if graph and name == "a.onnx" else packed.getvalue()
        yield f"{number:05}-{name}", mutated(data[:200_000], random)


class _Endless:
    def read(self, size: int) -> bytes:
        return bytes(size)
