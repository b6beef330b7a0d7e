"""How fast files become rows of a store, against other ways through the same networks.

Two parts, each with its peers in the same process, on the same files, in interleaved rounds:

`native`       the shipped encoder (or --model DIR, a folder that train-encoder wrote): against
               torch file by file, plain ONNX Runtime and OpenVINO file by file on the same graph.
`speechbrain`  an ECAPA-TDNN of the published size with random weights: against SpeechBrain's
               encode_batch one by one and in its best fixed batch.

`the network alone` embeds tensors that are ready in memory, in spkret's own batches: what remains
is decoding, measuring and storing. Peers decode with the same function, and neither measure nor
store. Ratios are medians over rounds, so that a busy moment touches both sides.

    python benchmarks/extract.py AUDIO_DIR --files 600 --out extract.json
    python benchmarks/extract.py AUDIO_DIR --device cuda --files 5000
"""

import argparse
import json
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spkret.indexer import pipeline
from spkret.indexer.audio import load
from spkret.indexer.encoders import native, registry
from spkret.indexer.encoders.base import Encoder

SUFFIXES = {".wav", ".flac", ".opus", ".ogg", ".mp3"}
FIXED_BATCHES = {"cpu": (4, 8, 16, 32), "cuda": (16, 32, 64, 128, 256)}
OURS, ALONE = "spkret, files to rows", "the network alone, ready tensors"

Wave = npt.NDArray[np.float32]

HYPERPARAMETERS = """\
pretrained_path: unused
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: 80
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: 80
    channels: [{c}, {c}, {c}, {c}, {wide}]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 128
    lin_neurons: 192
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 192
    out_neurons: 2
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
"""


@dataclass(frozen=True, slots=True)
class System:
    """One way to embed all files."""

    name: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Target:
    """What spkret is to reach: `least` times the speed of another system."""

    name: str
    least: float


@dataclass(frozen=True, slots=True)
class Speed:
    """The median speed of a system."""

    name: str
    clips_per_s: float
    times_real_time: float
    seconds: list[float]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast as another system spkret is, the median over rounds."""

    to: str
    median: float
    least: float
    reached: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files, and the list of them that `index` reads."""

    root: Path
    files: list[Path]
    manifest: Path

    def waves(self) -> Iterator[Wave]:
        """Decode the files, one after the other."""
        return (load(path).waveform for path in self.files)


def main() -> None:
    """Run the parts that were asked for, print tables and write JSON."""
    options = _options()
    results: dict[str, Any] = {"device": options.device, "cores": os.cpu_count(), "parts": {}}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        corpus = _corpus(options.audio, options.files, work)
        audio_s = sum(len(wave) for wave in corpus.waves()) / 16_000
        results |= {"files": len(corpus.files), "audio_s": round(audio_s, 1)}
        for part in options.part:
            systems, targets = PARTS[part](corpus, options, work)
            seconds = _measure(systems, options.rounds)
            results["parts"][part] = _results(seconds, targets, len(corpus.files), audio_s)
            _print(part, results["parts"][part])
    results["memory"] = _memory(options.device)
    print(f"\npeak memory: {results['memory']}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", type=Path, help="folder of audio, searched for files")
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--model", type=Path, default=native.SHIPPED, help="of the part native")
    parser.add_argument("--channels", type=int, default=1024, help="of the part speechbrain")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    random.seed(options.seed)
    registry.choose_device(options.device)
    return options


def native_part(
    corpus: Corpus, options: argparse.Namespace, work: Path
) -> tuple[list[System], list[Target]]:
    """The shipped network or one that train-encoder wrote."""
    encoder = registry.load(str(options.model), options.device)
    graph = options.model / native.GRAPH
    systems = [
        _ours(encoder, corpus, work),
        _one_by_one("torch, one by one", corpus, _torch(options.model, options.device)),
        _alone(encoder, corpus),
    ]
    targets = [Target("torch, one by one", 2), Target(ALONE, 0.8)]
    if options.device == "cpu":
        systems.append(_one_by_one("ONNX Runtime, one by one", corpus, _onnx_runtime(graph)))
        targets = [Target("torch, one by one", 2), Target("ONNX Runtime, one by one", 1)]
    if options.device == "cpu" and find_spec("openvino"):
        systems.append(_one_by_one("OpenVINO, one by one", corpus, _openvino(graph)))
        faster = registry.load(str(options.model), "openvino")
        systems.append(_ours(faster, corpus, work, f"{OURS}, OpenVINO"))
    return systems, targets


def speechbrain_part(
    corpus: Corpus, options: argparse.Namespace, work: Path
) -> tuple[list[System], list[Target]]:
    """SpeechBrain's ECAPA-TDNN, by SpeechBrain and by spkret."""
    folder = _random_ecapa(work / "ecapa", options.channels)
    encoder = registry.load(str(folder), options.device)
    encode = _speechbrain(folder, options.device)
    size = _best_batch(encode, corpus, FIXED_BATCHES[options.device])
    best = f"SpeechBrain encode_batch, batches of {size}"
    systems = [
        _ours(encoder, corpus, work),
        System("SpeechBrain encode_batch, one by one", lambda: _in_batches(encode, corpus, 1)),
        System(best, lambda: _in_batches(encode, corpus, size)),
        _alone(encoder, corpus),
    ]
    if options.device == "cpu":
        return systems, [Target("SpeechBrain encode_batch, one by one", 2)]
    targets = [Target("SpeechBrain encode_batch, one by one", 10), Target(best, 3)]
    return systems, [*targets, Target(ALONE, 0.8)]


PARTS = {"native": native_part, "speechbrain": speechbrain_part}


def _corpus(root: Path, count: int, work: Path) -> Corpus:
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    files = random.sample(found, min(count, len(found)))
    if not files:
        raise SystemExit(f"expected audio files under {root}, found none")
    manifest = work / "files.csv"
    lines = ["path", *(f'"{path.relative_to(root).as_posix()}"' for path in files)]
    manifest.write_text("\n".join(lines) + "\n")
    return Corpus(root, files, manifest)


def _ours(encoder: Encoder, corpus: Corpus, work: Path, name: str = OURS) -> System:
    """`spkret index` into a fresh store, its listing and committing included."""

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=work) as folder:
            store = Path(folder, "store")
            summary = pipeline.index(corpus.root, store, encoder, manifest=corpus.manifest)
        if summary.indexed != len(corpus.files):
            raise SystemExit(f"expected {len(corpus.files)} rows, got {summary}")

    return System(name, run)


def _one_by_one(name: str, corpus: Corpus, embed: Callable[[Wave], Wave]) -> System:
    """The loop that a user would write: read a file, embed it, keep the vector."""

    def run() -> None:
        vectors = [embed(wave[None]) for wave in corpus.waves()]
        if not np.isfinite(np.concatenate(vectors)).all():
            raise SystemExit(f"{name}: vectors that are not finite")

    return System(name, run)


def _alone(encoder: Encoder, corpus: Corpus) -> System:
    """Batches that are ready, each given before the one before it is taken back."""
    batches = _ready(encoder, corpus)

    def run() -> None:
        waiting: Callable[[], Wave] | None = None
        for batch in batches:
            started = encoder.start(batch)
            if waiting is not None:
                waiting()
            waiting = started
        if waiting is not None:
            waiting()

    return System(ALONE, run)


def _ready(encoder: Encoder, corpus: Corpus) -> list[Wave]:
    waves = sorted((encoder.snap(wave) for wave in corpus.waves()), key=len)
    batches: list[list[Wave]] = []
    for wave in waves:
        last = batches[-1] if batches else []
        fits = last and len(last[0]) == len(wave)
        if fits and len(wave) * len(last) < encoder.batch_s * 16_000:
            last.append(wave)
        else:
            batches.append([wave])
    return [np.stack(batch) for batch in batches]


def _torch(folder: Path, device: str) -> Callable[[Wave], Wave]:
    import torch

    network = native.load_network(folder).to(device)

    def embed(waves: Wave) -> Wave:
        with torch.inference_mode():
            vectors: Wave = network(torch.from_numpy(waves).to(device)).cpu().numpy()
        return vectors

    return embed


def _onnx_runtime(graph: Path) -> Callable[[Wave], Wave]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda waves: np.asarray(session.run(None, {name: waves})[0])


def _openvino(graph: Path) -> Callable[[Wave], Wave]:
    from openvino import Core

    compiled = Core().compile_model(str(graph), "CPU")
    return lambda waves: np.asarray(compiled([waves])[0])


def _random_ecapa(folder: Path, channels: int) -> Path:
    """A folder as SpeechBrain publishes its ECAPA-TDNN, with random weights."""
    import torch
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    torch.manual_seed(0)
    network = ECAPA_TDNN(80, lin_neurons=192, channels=[channels] * 4 + [3 * channels])
    folder.mkdir()
    text = HYPERPARAMETERS.format(c=channels, wide=3 * channels)
    (folder / "hyperparams.yaml").write_text(text)
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    return folder


def _speechbrain(folder: Path, device: str) -> Callable[[list[Wave]], None]:
    """Padded waveforms and their relative lengths to `encode_batch`, as its documentation says."""
    import torch
    from speechbrain.inference.speaker import EncoderClassifier
    from speechbrain.utils.fetching import FetchConfig

    model = EncoderClassifier.from_hparams(
        str(folder),
        overrides={"pretrained_path": str(folder)},
        fetch_config=FetchConfig(allow_network=False),
        run_opts={"device": device},
    )

    def encode(waves: list[Wave]) -> None:
        lengths = torch.tensor([len(wave) for wave in waves])
        tensors = [torch.from_numpy(wave) for wave in waves]
        batch = torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)
        with torch.inference_mode():
            model.encode_batch(batch, lengths / lengths.max()).cpu()

    return encode


def _in_batches(encode: Callable[[list[Wave]], None], corpus: Corpus, size: int) -> None:
    batch: list[Wave] = []
    for wave in corpus.waves():
        batch.append(wave)
        if len(batch) == size:
            encode(batch)
            batch = []
    if batch:
        encode(batch)


def _best_batch(encode: Callable[[list[Wave]], None], corpus: Corpus, sizes: Sequence[int]) -> int:
    """The batch size that is fastest on the first files, network and padding alone."""
    waves = [wave for wave, _ in zip(corpus.waves(), range(2 * max(sizes)), strict=False)]
    taken: dict[int, float] = {}
    for size in (sizes[0], *sizes):  # the first once more: it warmed up
        started = time.perf_counter()
        for start in range(0, len(waves), size):
            encode(waves[start : start + size])
        taken[size] = time.perf_counter() - started
    return min(taken, key=lambda size: taken[size])


def _measure(systems: Sequence[System], rounds: int) -> dict[str, list[float]]:
    """Seconds of each system, round by round, after one pass that is not counted."""
    seconds: dict[str, list[float]] = {system.name: [] for system in systems}
    for number in range(rounds + 1):
        for system in random.sample(systems, len(systems)):
            started = time.perf_counter()
            system.run()
            if number:
                seconds[system.name].append(time.perf_counter() - started)
    return seconds


def _results(
    seconds: dict[str, list[float]], targets: Sequence[Target], files: int, audio_s: float
) -> dict[str, Any]:
    speeds = []
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        speeds.append(Speed(name, round(files / middle, 1), round(audio_s / middle, 1), taken))
    ratios = []
    for target in targets:
        pairs = zip(seconds[target.name], seconds[OURS], strict=True)
        ratio = statistics.median(theirs / ours for theirs, ours in pairs)
        ratios.append(Ratio(target.name, round(ratio, 2), target.least, ratio >= target.least))
    return {"speeds": [asdict(one) for one in speeds], "ratios": [asdict(one) for one in ratios]}


def _print(part: str, results: dict[str, Any]) -> None:
    print(f"\n{part:<45} {'clips/s':>9} {'x real time':>12}")
    for speed in sorted(results["speeds"], key=lambda one: -one["clips_per_s"]):
        print(f"{speed['name']:<45} {speed['clips_per_s']:9.1f} {speed['times_real_time']:12.1f}")
    for ratio in results["ratios"]:
        verdict = "reached" if ratio["reached"] else "missed"
        print(f"spkret is {ratio['median']:.2f} x {ratio['to']} (≥ {ratio['least']}: {verdict})")


def _memory(device: str) -> dict[str, float]:
    """Peak resident set, and peak of the GPU's allocator, in MB."""
    memory = {"rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}
    if device == "cuda":
        import torch

        memory["gpu_mb"] = torch.cuda.max_memory_allocated() / 1e6
    return {name: round(value, 1) for name, value in memory.items()}


if __name__ == "__main__":
    main()
