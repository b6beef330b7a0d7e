"""The batching embedder: fewer calls, the same vectors, failures that stay with their file."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from builders import voice, write_audio
from web_server import CountingEncoder

from spkret.errors import AudioError, EncoderError
from spkret.indexer.extraction import Extraction, Extractor
from spkret.indexer.pipeline import embed_files
from spkret.web.embedding import BatchingEmbedder


class HeldEncoder(CountingEncoder):
    """Waits with its first batch until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()

    def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        self.began.set()
        assert self.go_on.wait(10)
        return super().encode_equal(waveforms)


def test_what_waits_is_embedded_in_one_call_with_the_same_vectors(tmp_path: Path) -> None:
    files = [
        write_audio(tmp_path / f"{n}.wav", voice(1.0, f0_hz=100 + 9 * n, seed=n)) for n in range(9)
    ]
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio at all")
    encoder, sizes = HeldEncoder(), list[int]()
    embedder = BatchingEmbedder(Extractor(encoder, Extraction()), 64, sizes.append)
    rows: dict[Path, list[float]] = {}
    failed: list[AudioError] = []

    def ask(path: Path) -> None:
        try:
            rows[path] = embedder.embed(path, 1.0)["embedding"][0].as_py()
        except AudioError as error:
            failed.append(error)

    first = threading.Thread(target=ask, args=(files[0],))
    first.start()
    assert encoder.began.wait(10)
    others = [threading.Thread(target=ask, args=(path,)) for path in (*files[1:], broken)]
    for thread in others:
        thread.start()
    while embedder.waiting < len(others):
        time.sleep(0.01)
    encoder.go_on.set()
    for thread in (first, *others):
        thread.join()
    embedder.close()
    assert (encoder.batches, sizes) == ([1, 8], [1, 9])
    assert [error.reason for error in failed] == ["not_audio"]
    alone = embed_files(files, CountingEncoder())["embedding"].to_pylist()
    np.testing.assert_allclose([rows[path] for path in files], alone, atol=1e-6)


def test_a_failure_of_the_encoder_reaches_who_asked_and_the_next_is_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = CountingEncoder()
    file = write_audio(tmp_path / "a.wav", voice(1.0))
    embedder = BatchingEmbedder(Extractor(encoder, Extraction()), 4, lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "encode_equal", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            embedder.embed(file, 1.0)
    assert embedder.embed(file, 1.0).num_rows == 1
    embedder.close()


def test_long_files_are_embedded_a_few_at_a_time(tmp_path: Path) -> None:
    files = [write_audio(tmp_path / f"{n}.wav", voice(1.0, seed=n)) for n in range(6)]
    encoder, sizes = HeldEncoder(), list[int]()
    embedder = BatchingEmbedder(Extractor(encoder, Extraction()), 64, sizes.append)
    with ThreadPoolExecutor(6) as pool:
        rows = [pool.submit(embedder.embed, files[0], 590.0)]
        assert encoder.began.wait(10)
        rows += [pool.submit(embedder.embed, file, 250.0) for file in files[1:]]
        while embedder.waiting < 5:
            time.sleep(0.01)
        encoder.go_on.set()
        assert all(row.result().num_rows == 1 for row in rows)
    embedder.close()
    assert sizes == [1, 2, 2, 1]


def test_who_waits_is_let_go_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spkret.web.embedding._PATIENCE_S", 0.1)
    files = [write_audio(tmp_path / f"{n}.wav", voice(1.0, seed=n)) for n in range(3)]
    encoder = HeldEncoder()
    embedder = BatchingEmbedder(Extractor(encoder, Extraction()), 64, lambda _: None)
    with ThreadPoolExecutor(3) as pool:
        rows = [pool.submit(embedder.embed, files[0], 1.0)]
        assert encoder.began.wait(10)
        rows += [pool.submit(embedder.embed, file, 1.0) for file in files[1:]]
        while embedder.waiting < 2:
            time.sleep(0.01)
        embedder.close()
        for row in rows:
            with pytest.raises(EncoderError, match="about to end"):
                row.result(10)
    with pytest.raises(EncoderError, match="about to end"):
        embedder.embed(files[0], 1.0)
    encoder.go_on.set()
    embedder.close()
