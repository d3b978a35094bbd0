"""The laboratory's sound files: what the switch says, and the voices and tones behind the telco stand-in.

Made once per machine by espeak-ng and sox (8 kHz, mono, 16 bit) from the texts in `asterisk_conf`, and kept
in the cache.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import yaml

from lab.cache import cache_folder, locked, say
from lab.errors import LabError

CONF = Path(__file__).resolve().parents[2] / "asterisk_conf"
PROMPTS = CONF / "switch" / "prompts.yaml"
VOICES = CONF / "telco" / "voices.yaml"
FORMAT = ("-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer")
# Special information tones, "intercept": 274, 274 and 380 ms (ITU-T E.180, Telcordia SR-2275).
INTERCEPT_TONES = (("0.274", "913.8"), ("0.274", "1370.6"), ("0.380", "1776.7"))
# Called-station tone of a fax machine: 2100 Hz for 2.6 to 4 s (ITU-T T.30).
FAX_TONE = ("3", "2100")
VOICEMAIL_BEEP = ("0.4", "1000")


def sound_folder() -> Path:
    """The folder with `switch/<language>/<prompt>.wav` and `telco/<name>.wav`; made when it is not there."""
    digest = hashlib.sha256()
    for source in (PROMPTS, VOICES, Path(__file__)):
        digest.update(source.read_bytes())
    target = cache_folder() / f"sounds-{digest.hexdigest()[:12]}"
    with locked("sounds"):
        if not target.exists():
            for program in ("espeak-ng", "sox"):
                if not shutil.which(program):
                    raise LabError(f"{program} is missing; type: apt-get install --yes {program}")
            say("making the voices and tones of the laboratory, once for this machine ...")
            building = target.with_name(f"{target.name}.building")
            shutil.rmtree(building, ignore_errors=True)
            _make_prompts(building / "switch")
            _make_telco(building / "telco")
            building.rename(target)
    return target


def _make_prompts(folder: Path) -> None:
    for language, content in yaml.safe_load(PROMPTS.read_text("utf-8")).items():
        for name, text in content["prompts"].items():
            _speak(folder / language / f"{name}.wav", text, content["voice"])


def _make_telco(folder: Path) -> None:
    voices = yaml.safe_load(VOICES.read_text("utf-8"))
    for number, person in enumerate(voices["people"]):
        for part in ("hello", "talk"):
            _speak(
                folder / f"{part}-{number}.wav",
                person[part],
                person["voice"],
                person["speed"],
                person["pitch"],
            )
    beep = folder / "beep.wav"
    _tone(beep, *VOICEMAIL_BEEP)
    for number, machine in enumerate(voices["voicemail"]):
        _speak(
            folder / f"voicemail-{number}.wav",
            machine["text"],
            machine["voice"],
            machine["speed"],
            machine["pitch"],
            beep,
        )
    _tone(folder / "fax.wav", *FAX_TONE)
    tones = []
    for number, (length_s, frequency_hz) in enumerate(INTERCEPT_TONES):
        tones.append(folder / f"tone-{number}.wav")
        _tone(tones[-1], length_s, frequency_hz)
    exchange = voices["intercept"]
    words = folder / "words.wav"
    _speak(words, exchange["text"], exchange["voice"], exchange["speed"], exchange["pitch"])
    _call("sox", *map(str, tones), str(words), str(folder / "intercept.wav"))
    for piece in (*tones, words):
        piece.unlink()


def _speak(
    target: Path, text: str, voice: str, speed: int = 160, pitch: int = 50, then: Path | None = None
) -> None:
    """Say a text into a file, at half of full scale as telephones do, with another file after it if given."""
    target.parent.mkdir(parents=True, exist_ok=True)
    raw, said = target.with_suffix(".raw.wav"), target.with_suffix(".said.wav")
    _call("espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(raw), "--", text)
    _call("sox", str(raw), *FORMAT, str(said), "norm", "-6")
    _call("sox", str(said), *([str(then)] if then else []), str(target))
    raw.unlink()
    said.unlink()


def _tone(target: Path, length_s: str, frequency_hz: str) -> None:
    _call("sox", "-n", *FORMAT, str(target), "synth", length_s, "sine", frequency_hz, "norm", "-6")


def _call(*command: str) -> None:
    # Without a sound card espeak-ng writes its file all the same and complains about the card.
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stderr.strip()}")
