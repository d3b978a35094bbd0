"""Texts into sound files that the switch can play, each made once: `ports.Speaker`.

espeak-ng speaks (22 kHz), we bring it to what a telephone carries. A file is named by the hash of what it says, so it
holds nothing that the folder's listing would tell.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile
import structlog

from dialer.asterisk.switch import MESSAGE_FOLDER
from dialer.domain.commands import RenderText
from dialer.domain.errors import BadInput
from dialer.domain.screening import SpokenText
from dialer.portfolio.messages import speak_of
from dialer.portfolio.scripts import ScriptCall
from dialer.store.spoken import SpokenFields

log = structlog.get_logger()

RATE_HZ = 8000
#: espeak-ng's voices, and their pace in words a minute.
VOICES = {"es": "es-419", "en": "en-us", "pt": "pt-br"}
WORDS_PER_MIN = 155
SPEAK_S = 5.0
#: Half of full scale, as telephones do.
PEAK = 0.5
#: Files not asked for so long are removed, s; looked for after so many texts.
KEEP_S, SWEEP_EVERY = 24 * 3600, 100
MOST_SOUND_BYTES = 2_000_000

ReadFields = Callable[[SpokenText, int, int], Awaitable[SpokenFields | None]]


class TextSpeaker:
    """`folder`: the switch's spool as we see it; the files go into its folder of messages."""

    def __init__(self, folder: Path, read_fields: ReadFields) -> None:
        self._folder = folder / MESSAGE_FOLDER
        self._read_fields = read_fields
        self._texts = 0

    async def render(self, order: RenderText) -> str | None:
        """The file's name; None, and the log says why, when there is nothing to be said."""
        try:
            fields = await self._read_fields(order.kind, order.campaign_id, order.lead_id)
            if fields is None:
                return None
            if fields.sound is not None:
                return await asyncio.to_thread(self._keep, _name(fields.sound), fields.sound)
            call = ScriptCall(
                fields.full_name, fields.external_ref, None, "", fields.campaign, None, order.language
            )
            return await self._speak(speak_of(order.kind, fields.template, call), order.language)
        except (BadInput, OSError) as error:
            # The text holds a name: only what is wrong with it is told.
            log.warning("text_not_spoken", attempt_id=order.attempt_id, kind=order.kind, why=str(error))
            return None

    async def _speak(self, text: str, language: str) -> str:
        voice = VOICES[language]
        name = _name(f"{voice} {WORDS_PER_MIN} {text}".encode())
        path = self._folder / f"{name}.wav"
        with suppress(FileNotFoundError):
            os.utime(path)
            return name
        process = await asyncio.create_subprocess_exec(
            *("espeak-ng", "-v", voice, "-s", str(WORDS_PER_MIN), "--stdin", "-b", "1", "--stdout"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            async with asyncio.timeout(SPEAK_S):
                spoken, _ = await process.communicate(text.encode())
        except TimeoutError:
            raise OSError(f"espeak-ng took longer than {SPEAK_S:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
        return await asyncio.to_thread(self._keep_spoken, name, spoken)

    def _keep_spoken(self, name: str, spoken: bytes) -> str:
        try:
            sound, rate_hz = soundfile.read(io.BytesIO(spoken), dtype="float32")
        except soundfile.LibsndfileError as error:
            raise OSError(f"espeak-ng gave no sound: {error}") from error
        from scipy.signal import resample_poly  # half a second to load, and every command would wait for it

        telephone = resample_poly(sound, RATE_HZ, rate_hz)
        loudest = float(np.abs(telephone).max(initial=0.0))
        if loudest <= 0:
            raise OSError("espeak-ng said nothing")
        whole = io.BytesIO()
        soundfile.write(whole, telephone * (PEAK / loudest), RATE_HZ, subtype="PCM_16", format="WAV")
        return self._keep(name, whole.getvalue())

    def _keep(self, name: str, sound: bytes) -> str:
        """Whole or not at all, and readable for the switch."""
        self._folder.mkdir(mode=0o755, exist_ok=True)
        path = self._folder / f"{name}.wav"
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(sound)
            part.chmod(0o644)
            part.rename(path)
        self._texts += 1
        if self._texts % SWEEP_EVERY == 1:
            self._sweep()
        return name

    def _sweep(self) -> None:
        before_s = time.time() - KEEP_S
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before_s:
                    path.unlink()


def check_sound(sound: bytes) -> None:
    """Raises BadInput when a recorded message is not what Asterisk plays as it is: WAV, 8 kHz, mono, 16 bit."""
    if len(sound) > MOST_SOUND_BYTES:
        raise BadInput(f"the recording has {len(sound)} bytes; shorten it to {MOST_SOUND_BYTES}")
    try:
        found = soundfile.info(io.BytesIO(sound))
    except soundfile.LibsndfileError as error:
        raise BadInput(f"the recording can't be read: {error}") from error
    kind = (found.format, found.samplerate, found.channels, found.subtype)
    if kind != ("WAV", RATE_HZ, 1, "PCM_16"):
        raise BadInput(
            f"the recording is {kind[0]}, {kind[1]} Hz, {kind[2]} channels, {kind[3]}; make it WAV, 8000 Hz, mono,"
            " 16 bit: sox IN -r 8000 -c 1 -b 16 OUT.wav"
        )


def _name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
