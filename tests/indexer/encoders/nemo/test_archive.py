"""Hostile and damaged `.nemo` files: refused with one line, and nothing in them is run."""

import copy
import gzip
import io
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nemo_models import DATA, SMALL, members, nemo_file, pack, random_weights

from spkret.errors import EncoderError
from spkret.indexer.encoders.nemo import NemoEncoder
from spkret.indexer.encoders.nemo.archive import LIMITS, read_archive

CONFIG = SMALL["titanet-small"]
YAML, CKPT = "./model_config.yaml", "./model_weights.ckpt"
ONE = np.ones((1, 8_000), np.float32)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os.system, ("touch owned",)


def refusal(path: Path) -> str:
    """The one line that loading a file and embedding with it fails with."""
    with pytest.raises(EncoderError) as error:
        NemoEncoder(path).encode_equal(ONE)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def with_header(path: Path, change: Callable[[tarfile.TarInfo], None]) -> Path:
    """A good file and one more member, whose header is changed."""
    nemo_file(path)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("extra")
        change(member)
        archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_plain_and_gzipped_archives_are_read(tmp_path: Path, mode: str) -> None:
    contents = members(CONFIG)
    archive = read_archive(pack(tmp_path / "good.nemo", contents, mode))
    assert (archive.config, archive.weights) == (contents[YAML], contents[CKPT])


def test_other_plain_members_are_left_alone(tmp_path: Path) -> None:
    path = pack(tmp_path / "more.nemo", {**members(CONFIG), "./abc_vocabulary.txt": b"words"})
    assert NemoEncoder(path).encode_equal(ONE).shape == (1, 24)


@pytest.mark.parametrize("name", ["../owned", "a/../../owned", "/owned", "./../owned"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    path = with_header(tmp_path / "evil.nemo", lambda member: setattr(member, "name", name))
    assert "leads out" in refusal(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("name", ["extra", "model_weights.ckpt"])
def test_links_and_pipes_are_refused(tmp_path: Path, kind: bytes, name: str) -> None:
    def change(member: tarfile.TarInfo) -> None:
        member.name, member.type, member.linkname = name, kind, "/etc/passwd"

    assert "no plain file" in refusal(with_header(tmp_path / "evil.nemo", change))


def test_the_same_member_twice_is_refused(tmp_path: Path) -> None:
    path = with_header(tmp_path / "twice.nemo", lambda m: setattr(m, "name", "model_config.yaml"))
    assert "got two" in refusal(path)


def test_members_too_large_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.nemo"
    member = tarfile.TarInfo("model_weights.ckpt")
    member.size = LIMITS["model_weights.ckpt"] + 1
    path.write_bytes(gzip.compress(member.tobuf()))
    assert "1074 MB" in refusal(path)


def test_a_header_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "header.nemo"
    member = tarfile.TarInfo("pax")
    member.type, member.size = tarfile.XHDTYPE, 1 << 32
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT))
    assert "header" in refusal(path)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "many.nemo", {f"{i}": b"" for i in range(300)})
    assert "256 members" in refusal(path)


@pytest.mark.parametrize("lacking", [YAML, CKPT])
def test_a_missing_member_is_named(tmp_path: Path, lacking: str) -> None:
    contents = members(CONFIG)
    del contents[lacking]
    assert lacking.removeprefix("./") in refusal(pack(tmp_path / "half.nemo", contents))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.nemo")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, share: float, mode: str) -> None:
    path = pack(tmp_path / "cut.nemo", members(CONFIG), mode)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert "again" in refusal(path)


@given(st.integers(0, 133_000), st.binary(min_size=1, max_size=40))
def test_damaged_bytes_never_escape_as_another_error(
    tmp_path: Path, offset: int, damage: bytes
) -> None:
    content = bytearray((DATA / "titanet-small.nemo").read_bytes())
    content[offset : offset + len(damage)] = damage
    path = tmp_path / "damaged.nemo"
    path.write_bytes(content)
    try:
        assert NemoEncoder(path).encode_equal(ONE).shape == (1, 24)
    except EncoderError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a harmless byte may be hit, too


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = {**members(CONFIG), CKPT: pickle.dumps(Bomb(), protocol=2)}
    zipped = members(CONFIG, {"encoder.weight": Bomb()})
    for name, contents in (("plain", plain), ("zipped", zipped)):
        assert "tensors only" in refusal(pack(tmp_path / f"{name}.nemo", contents))
    assert not (tmp_path / "owned").exists()
    pickle.loads(plain[CKPT])  # noqa: S301 - the proof that it would have run
    assert (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "line", ["x: !!python/object/apply:os.system ['touch owned']", "x: !apply:os.system [ls]"]
)
def test_a_yaml_with_tags_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = members(CONFIG)
    contents[YAML] += f"{line}\n".encode()
    assert "plain YAML" in refusal(pack(tmp_path / "evil.nemo", contents))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("text", [b"[" * 9_000, b"\xff\xfe\x00", b"a: [", b"- 1", b""])
def test_a_yaml_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    refusal(pack(tmp_path / "evil.nemo", {**members(CONFIG), YAML: text}))


@pytest.mark.parametrize("weights", [[1, 2], {"encoder.a": 3}, {4: torch.zeros(1)}])
def test_weights_that_are_none_are_refused(tmp_path: Path, weights: object) -> None:
    assert "model_weights.ckpt" in refusal(pack(tmp_path / "w.nemo", members(CONFIG, weights)))


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    weights = random_weights(CONFIG)
    weights["decoder.emb_layers.0.1.weight"] = torch.zeros(2, 2, 1)
    assert "emb_layers.0.1" in refusal(pack(tmp_path / "w.nemo", members(CONFIG, weights)))


def test_packed_weights_are_refused_before_they_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "model_weights.ckpt", 1_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2_000_000))
    contents = {YAML: yaml.safe_dump(CONFIG).encode(), CKPT: buffer.getvalue()}
    assert "2 MB once unpacked" in refusal(pack(tmp_path / "bomb.nemo", contents))


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("nemo-ecapa", ("encoder", "scale"), 3, "divisible"),
        ("nemo-ecapa", ("encoder", "filters"), [8, 8, 16, 8, 24], "mismatch"),
        ("speakernet", ("encoder", "jasper", 2, "kernel"), [8], "mismatch|must match"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, path: tuple[str | int, ...], value: object, reason: str
) -> None:
    config: Any = copy.deepcopy(SMALL[name])
    weights = random_weights(config)
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if path[-1] == "kernel":
        for layer in (0, 5):
            key = f"encoder.encoder.2.mconv.{layer}.conv.weight"
            weights[key] = weights[key][..., :8]
    assert re.search(reason, refusal(pack(tmp_path / "odd.nemo", members(config, weights))))
