"""The voices of the corpus, and sentences said by them: 8 kHz, trimmed, said once per machine and kept in the cache.

Synthesisers: espeak-ng (GPL-3, its output is free), flite and festival's voices (BSD-like). Recorded people: the
prompts of Asterisk (CC-BY-SA-3.0), the Colombian (GPL-2), Italian (CC-BY-SA) and French (BSD) prompt packages. All of
these may be used for training; nothing of their audio is in the model.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from lab.cache import cache_folder, locked, say
from lab.errors import LabError

RATE = 8000
#: Samples between -1 and 1.
Sound = NDArray[np.float32]
#: Needed beside espeak-ng: `scripts/corpus` installs them.
ENGINES = ("festival", "flite")
#: Unpacked into the cache, never installed: only their files are wanted.
RECORDED = (
    "asterisk-core-sounds-en-wav",
    "asterisk-core-sounds-es-wav",
    "asterisk-core-sounds-fr-wav",
    "asterisk-core-sounds-it-wav",
    "asterisk-prompt-es-co",
    "asterisk-prompt-it-menardi-wav",
    "asterisk-prompt-fr-armelle",
    "asterisk-moh-opsound-wav",
)


class Split(StrEnum):
    """What the model is trained on, and what is held back for the figures: other voices, other texts."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthesiser's voice: `engine` espeak, flite or festival; `name` as that engine calls it."""

    engine: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said: samples at 8 kHz without silence at its ends, peak 0.5."""

    sound: Sound
    voice: str
    text: str


# espeak-ng's variants: another throat each. No variant is in both splits.
_TRAIN_VARIANTS = """
    Adam Andrea Annie Antonio Belinda Boris David Ed Gene Hugo Jacky Lee Marco Max Michel Mike Pablo
    Pedro Rob Steph Zac f1 f3 f5 m1 m3 m5 m7 klatt klatt3 croak anika grandma travis
"""
_TEST_VARIANTS = """
    Alex Alicia Andy Benjamin Caleb Denis Diogo Edward Gustave Henrique Iven John Linda Marcelo Mario
    Michael Miguel Paul Quincy Robert Storm Tweaky f2 f4 m2 m4 m6 m8 klatt2 klatt4 grandpa victor shelby
    norbert
"""
VARIANTS = {Split.TRAIN: _TRAIN_VARIANTS.split(), Split.TEST: _TEST_VARIANTS.split()}
ESPEAK = {
    "es": ("es", "es-419"),
    "en": ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland"),
    "pt": ("pt", "pt-br"),
}
# A Catalan voice reads Spanish well enough for a rhythm; an Italian one falls silent at some of its questions.
OTHERS = {
    Split.TRAIN: (
        Voice("flite", "awb", "en"),
        Voice("flite", "rms", "en"),
        Voice("festival", "kal_diphone", "en"),
        Voice("festival", "upc_ca_ona_hts", "es"),
    ),
    Split.TEST: (
        Voice("flite", "slt", "en"),
        Voice("flite", "kal16", "en"),
        Voice("festival", "ked_diphone", "en"),
    ),
}
# Recorded people, by folder below usr/share/asterisk/sounds. Allison speaks English and Spanish: one side for both.
SPEAKERS = {
    Split.TRAIN: {
        "allison-es": "es_MX_f_Allison",
        "allison-en": "en_US_f_Allison",
        "armelle": "fr",
        "menardi": "it_IT_f_Menardi",
    },
    Split.TEST: {"colombian": "es", "june": "fr_CA_f_June", "carlo": "it_IT_m_Carlo"},
}

# Files of the prompt packages that hold no speech.
SOUNDS = ("beep", "confbridge-join", "confbridge-leave", "tt-monkeys", "tt-weasels", "tt-somethingwrong")


def unpacked_recordings() -> Path:
    """The folder with the recorded prompts and the music of all packages; fetched when it is not there."""
    digest = hashlib.sha256("\0".join(RECORDED).encode()).hexdigest()[:12]
    target = cache_folder() / f"recordings-{digest}"
    with locked("recordings"):
        if not target.exists():
            say("fetching recorded prompts and music, once for this machine ...")
            building = target.with_name(f"{target.name}.building")
            building.mkdir(exist_ok=True)
            _run("apt-get", "--quiet", "download", *RECORDED, folder=building)
            for package in sorted(building.glob("*.deb")):
                _run("dpkg-deb", "--extract", str(package), str(building))
                package.unlink()
            building.rename(target)
    return target


def read_sound(path: Path) -> Sound:
    """A WAV or raw GSM file at 8 kHz, mono."""
    if path.suffix == ".gsm":
        data, rate = soundfile.read(
            path, dtype="float32", samplerate=RATE, channels=1, format="RAW", subtype="GSM610"
        )
    else:
        data, rate = soundfile.read(path, dtype="float32", always_2d=True)
        data = data.mean(1)
    return _resampled(data, rate)


def say_all(
    wanted: Sequence[tuple[Voice, str, int, int]], progress: Callable[[int], None]
) -> list[Utterance]:
    """Each (voice, text, speed, pitch) said; what was said before comes from the cache. `progress` gets the count."""
    folder = cache_folder() / "utterances"
    folder.mkdir(exist_ok=True)

    def one(item: tuple[Voice, str, int, int]) -> Utterance:
        voice, text, speed, pitch = item
        key = hashlib.sha256(repr(item).encode()).hexdigest()[:24]
        path = folder / f"{key}.npy"
        if not path.exists():
            try:
                sound = _trimmed(_say(voice, text, speed, pitch))
            except LabError as error:
                raise LabError(
                    f"{voice.engine} voice {voice.name} gave no speech for {text!r}: {error}"
                ) from error
            partial = folder / f"{key}.{os.getpid()}.partial.npy"
            np.save(partial, np.asarray(sound * 32767, np.int16))
            partial.rename(path)
        # Read back even when it was just said: kept, it is rounded, and a corpus is the same the first time as later.
        kept = np.load(path).astype(np.float32) / 32767
        return Utterance(kept, f"{voice.engine}:{voice.name}", text)

    said = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for n, utterance in enumerate(pool.map(one, wanted)):
            said.append(utterance)
            progress(n + 1)
    return said


def _say(voice: Voice, text: str, speed: int, pitch: int) -> Sound:
    match voice.engine:
        case "espeak":
            out = _run(
                "espeak-ng", "-v", voice.name, "-s", str(speed), "-p", str(pitch), "--stdout", "--", text
            )
        case "flite":
            stretch = f"duration_stretch={160 / speed:.2f}"
            out = _run("flite", "-voice", voice.name, "-s", stretch, "-t", text, "-o", "/dev/stdout")
        case _:
            # Festival reads Latin-1.
            words = text.replace("¿", "").encode("latin-1", "replace")
            stretch = f"(Parameter.set 'Duration_Stretch {160 / speed:.2f})"
            out = _run("text2wave", "-eval", f"(voice_{voice.name})", "-eval", stretch, given=words)
    return _resampled(*_decoded(out))


def _decoded(wav: bytes) -> tuple[Sound, int]:
    """Samples and rate of a WAV that a program wrote to a pipe: its lengths are not to be believed."""
    at = wav.find(b"data")
    if at < 0:
        raise LabError("no WAV")
    rate = int.from_bytes(wav[24:28], "little")
    body = wav[at + 8 :]
    samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
    return np.asarray(samples / 32768, np.float32), rate


def _resampled(sound: Sound, rate: int) -> Sound:
    if rate == RATE:
        return np.asarray(sound, np.float32)
    step = np.gcd(rate, RATE)
    return np.asarray(resample_poly(sound, RATE // step, rate // step), np.float32)


def _trimmed(sound: Sound) -> Sound:
    """Without what is 40 dB below the peak at both ends; the peak is 0.5."""
    peak = float(np.abs(sound).max()) if len(sound) else 0.0
    if peak < 1e-4:
        raise LabError("silence")
    loud = np.flatnonzero(np.abs(sound) > peak / 100)
    return sound[loud[0] : loud[-1] + 1] * np.float32(0.5 / peak)


def recorded(split: Split) -> dict[str, list[Utterance]]:
    """The recorded phrases of this split's speakers, by file name without folder and suffix."""
    base = unpacked_recordings() / "usr/share/asterisk/sounds"
    found: dict[str, list[Utterance]] = {}
    for speaker, folder in SPEAKERS[split].items():
        paths = sorted((base / folder).rglob("*.wav")) + sorted((base / folder).rglob("*.gsm"))
        if not paths:
            raise LabError(f"no recorded prompts in {folder}: delete the cache's `recordings-*` folder")
        for path in paths:
            if path.parent.name == "silence" or path.stem.startswith(SOUNDS) or "tone" in path.stem:
                continue
            sound = read_sound(path)
            if len(sound) > RATE // 5 and np.abs(sound).max() > 0.01:
                found.setdefault(path.stem, []).append(Utterance(_trimmed(sound), speaker, path.stem))
    return found


def music() -> list[Sound]:
    """The packaged tracks."""
    paths = sorted((unpacked_recordings() / "usr/share/asterisk/moh").glob("*.wav"))
    return [read_sound(path) for path in paths]


def _run(*command: str, given: bytes | None = None, folder: Path | None = None) -> bytes:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, input=given or b"", capture_output=True, cwd=folder, env=environment)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
