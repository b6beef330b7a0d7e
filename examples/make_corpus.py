"""Make the example corpus: synthetic voices in five languages and three noise conditions.

    python examples/make_corpus.py [OUT_DIR]

Needs espeak-ng (on Debian: apt-get install espeak-ng), and NumPy, SciPy, soxr and soundfile, which
spkret needs anyway. Every sentence and every noise is of our own making. The same versions of these
tools make the same audio; only the serial numbers in the Ogg containers differ.
"""

import csv
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import signal

Wave = npt.NDArray[np.float32]

SEED = 20_261
RATE_HZ = 16_000
OPUS_LEVEL = 0.93  # libsndfile's compression level, from 0 (best) to 1 (smallest)
CONDITIONS = ("clean", "background", "communication")
TAKES = 2  # utterances of a speaker in each condition

SENTENCES = {
    "en": [
        "The last bus leaves the harbour at nine.",
        "Please put the blue box on the table.",
        "We could not hear you over the wind.",
        "My neighbour grows tomatoes on the roof.",
        "Turn left after the bridge, then wait.",
        "The meeting was moved to Thursday morning.",
    ],
    "es": [
        "El tren de la tarde llega con retraso.",
        "Deja las llaves encima de la mesa.",
        "Mañana vamos a pintar la puerta.",
        "No encuentro el mapa de la ciudad.",
        "La panadería abre a las siete.",
        "Avísame cuando termine la lluvia.",
    ],
    "de": [
        "Der Schlüssel liegt unter der Matte.",
        "Morgen früh fahren wir ans Meer.",
        "Kannst du bitte das Fenster schließen?",
        "Im Garten wachsen drei alte Bäume.",
        "Das Paket ist gestern angekommen.",
        "Wir treffen uns um acht am Bahnhof.",
    ],
    "fr": [
        "Le marché commence très tôt le samedi.",
        "Il reste deux places près de la fenêtre.",
        "Appelle-moi quand tu seras à la gare.",
        "La route est fermée à cause de la neige.",
        "Mon frère répare une vieille bicyclette.",
        "Nous avons oublié le pain et le fromage.",
    ],
    "sw": [
        "Basi la mwisho linaondoka saa tatu.",
        "Tafadhali weka kitabu juu ya meza.",
        "Kesho asubuhi tutakwenda sokoni.",
        "Mvua ilinyesha usiku kucha.",
        "Watoto wanacheza mpira uwanjani.",
        "Naomba maji ya kunywa, rafiki yangu.",
    ],
}
VARIANTS = {
    "m": ["adam", "m3", "pablo", "Denis", "m7", "sandro", "boris", "Michael"],
    "f": ["f2", "anika", "Alicia", "f5", "linda", "belinda", "steph", "Annie"],
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """A synthetic voice: an espeak-ng variant whose vocal tract is `stretch` times as long."""

    name: str
    language: str
    gender: str
    variant: str
    pitch: int
    words_per_minute: int
    stretch: float
    timbre_db: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One file of the corpus before it is heard under its condition."""

    speaker: Speaker
    sentence: str
    noise: str


def make_corpus(out_dir: Path, seed: int = SEED) -> int:
    """Write `out_dir`/manifest.csv and the Opus files it names; returns how many there are."""
    rng = np.random.default_rng(seed)
    utterances = [one for s in make_speakers(rng) for one in utterances_of(s, rng)]
    voices = [speak(one, rng) for one in utterances]
    order = rng.permutation(len(utterances))
    rows: list[list[str]] = []
    for i in order:
        heard = CHANNELS[utterances[i].noise](voices[i], voices, rng)
        rows.append(write(out_dir, utterances[i], heard, rows))
    write_manifest(out_dir / "manifest.csv", rows)
    return len(rows)


def make_speakers(rng: np.random.Generator) -> list[Speaker]:
    """Draw eight voices a language, four of each gender."""
    return [
        make_speaker(language, gender, number, VARIANTS[gender][(4 * place + number) % 8], rng)
        for place, language in enumerate(SENTENCES)
        for gender in VARIANTS
        for number in range(4)
    ]


def make_speaker(
    language: str, gender: str, number: int, variant: str, rng: np.random.Generator
) -> Speaker:
    """Draw a voice with its own pitch, pace, vocal tract and timbre."""
    spread = np.linspace(-1, 1, 4)[number]
    return Speaker(
        name=f"{language}-{gender}{number + 1}",
        language=language,
        gender=gender,
        variant=variant,
        pitch=int(np.clip(45 + 25 * rng.permutation([-1, 1])[0] * spread, 10, 90)),
        words_per_minute=int(rng.integers(150, 190)),
        stretch=float(1 + 0.1 * spread + rng.uniform(-0.02, 0.02)),
        timbre_db=tuple(rng.normal(0, 4, 8).round(2)),
    )


def utterances_of(speaker: Speaker, rng: np.random.Generator) -> list[Utterance]:
    """Plan every sentence of the language once, two in each condition."""
    sentences = rng.permutation(SENTENCES[speaker.language])
    noises = np.repeat(CONDITIONS, TAKES)
    return [Utterance(speaker, str(s), str(n)) for s, n in zip(sentences, noises, strict=True)]


def speak(utterance: Utterance, rng: np.random.Generator) -> Wave:
    """Say a sentence, float32 (samples,) at 16 kHz, a little differently every time."""
    speaker = utterance.speaker
    pace = speaker.words_per_minute * speaker.stretch * rng.uniform(0.95, 1.05)
    wave, rate = espeak(
        utterance.sentence,
        f"{speaker.language}+{speaker.variant}",
        int(np.clip(speaker.pitch + rng.integers(-4, 5), 0, 99)),
        int(pace),
    )
    longer = soxr.resample(wave, rate, RATE_HZ * speaker.stretch)
    return level(equalise(longer, speaker.timbre_db))


def espeak(text: str, voice: str, pitch: int, words_per_minute: int) -> tuple[Wave, int]:
    """Say a text with espeak-ng: float32 (samples,) and the rate in hertz."""
    options = ["-v", voice, "-p", str(pitch), "-s", str(words_per_minute)]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", *options, "-w", file.name, text], check=True)
        wave, rate = soundfile.read(file.name, dtype="float32")
    return wave, rate


def equalise(wave: Wave, gains_db: tuple[float, ...]) -> Wave:
    """Filter by gains in decibels at points spread evenly from 0 to 8 kHz."""
    points = np.linspace(0, RATE_HZ / 2, len(gains_db))
    taps = signal.firwin2(255, points, 10 ** (np.array(gains_db) / 20), fs=RATE_HZ)
    return single(signal.fftconvolve(wave, taps, mode="same"))


def level(wave: Wave, rms: float = 0.08) -> Wave:
    """Bring a wave to a given root mean square."""
    return single(wave * (rms / np.sqrt(np.mean(wave**2) + 1e-12)))


def clean(voice: Wave, _others: list[Wave], rng: np.random.Generator) -> Wave:
    """Record in a quiet room by a plain microphone: noise 40 to 50 dB below the voice."""
    return add(microphone(voice, rng, 1.0), coloured(len(voice), rng), rng.uniform(40, 50))


def background(voice: Wave, others: list[Wave], rng: np.random.Generator) -> Wave:
    """Record among babble, hum or coloured noise, 6 to 15 dB below the voice."""
    noises = (coloured(len(voice), rng), hum(len(voice), rng), babble(len(voice), others, rng))
    noise = noises[rng.integers(3)]
    return add(microphone(voice, rng, 2.0), noise, rng.uniform(6, 15))


def communication(voice: Wave, _others: list[Wave], rng: np.random.Generator) -> Wave:
    """Send by radio: static, overdrive, 300 to 3,400 Hz, eight bits by the µ-law at 8 kHz."""
    noisy = add(voice, coloured(len(voice), rng), rng.uniform(12, 25))
    driven = np.tanh(noisy * rng.uniform(2, 6)) + crackle(len(voice), rng)
    band = signal.butter(4, (300, 3400), "bandpass", fs=RATE_HZ, output="sos")
    narrow = soxr.resample(level(signal.sosfilt(band, driven)), RATE_HZ, RATE_HZ // 2)
    return level(soxr.resample(mu_law(narrow), RATE_HZ // 2, RATE_HZ))


CHANNELS = {"clean": clean, "background": background, "communication": communication}


def microphone(wave: Wave, rng: np.random.Generator, spread_db: float) -> Wave:
    """Add a microphone's own uneven response."""
    return equalise(wave, tuple(rng.normal(0, spread_db, 6)))


def add(wave: Wave, noise: Wave, snr_db: float) -> Wave:
    """Mix noise below a wave by a ratio in decibels."""
    ratio = np.sqrt(np.mean(wave**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return level(wave + ratio * noise)


def coloured(samples: int, rng: np.random.Generator) -> Wave:
    """Make noise whose power falls with the frequency, between white and brown."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / RATE_HZ), 40)
    return single(np.fft.irfft(spectrum * frequencies ** -rng.uniform(0, 1), samples))


def hum(samples: int, rng: np.random.Generator) -> Wave:
    """Make mains hum of 50 or 60 Hz with its harmonics, and a little hiss."""
    time = np.arange(samples) / RATE_HZ
    base = rng.choice([50.0, 60.0])
    tones = [np.sin(2 * np.pi * (base * k * time + rng.uniform())) / k for k in range(1, 12)]
    return single(np.sum([*tones, 0.1 * rng.standard_normal(samples)], axis=0))


def babble(samples: int, others: list[Wave], rng: np.random.Generator) -> Wave:
    """Let five voices of the corpus speak at once."""
    chosen = [others[i] for i in rng.integers(len(others), size=5)]
    turned = [np.roll(np.resize(voice, samples), rng.integers(samples)) for voice in chosen]
    return single(np.sum(turned, axis=0))


def crackle(samples: int, rng: np.random.Generator) -> Wave:
    """Make short clicks, about six a second."""
    clicks = (rng.random(samples) < 6 / RATE_HZ) * rng.normal(0, 0.8, samples)
    return single(signal.lfilter([1.0], [1.0, -0.9], clicks))


def mu_law(wave: Wave) -> Wave:
    """Send through eight bits by the µ-law (ITU-T G.711, continuous form)."""
    squeezed = np.sign(wave) * np.log1p(255 * np.abs(np.clip(wave, -1, 1))) / np.log(256)
    coded = np.round(squeezed * 127) / 127
    return single(np.sign(coded) * (256 ** np.abs(coded) - 1) / 255)


def single(samples: npt.ArrayLike) -> Wave:
    """Return samples in single precision."""
    return np.asarray(samples, np.float32)


def write(out_dir: Path, utterance: Utterance, wave: Wave, rows: list[list[str]]) -> list[str]:
    """Write one Opus file under a name that says nothing of its speaker; returns its row."""
    speaker = utterance.speaker
    path = Path(speaker.language) / f"{sum(r[2] == speaker.language for r in rows) + 1:03}.opus"
    (out_dir / path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        out_dir / path,
        np.clip(wave, -1, 1),
        RATE_HZ,
        format="OGG",
        subtype="OPUS",
        compression_level=OPUS_LEVEL,
    )
    return [path.as_posix(), speaker.name, speaker.language, speaker.gender, utterance.noise]


def write_manifest(path: Path, rows: list[list[str]]) -> None:
    """Write the rows as CSV, in the order of their paths."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "speaker", "language", "gender", "noise"])
        writer.writerows(sorted(rows))


if __name__ == "__main__":
    default = Path(__file__).parent / "corpus"
    print(make_corpus(Path(sys.argv[1]) if len(sys.argv) > 1 else default), "files")
