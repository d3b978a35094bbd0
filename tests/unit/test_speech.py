"""Texts into files: made once, playable, named by nothing that tells, and nothing rather than half a file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialer.asterisk.switch import MESSAGE_FOLDER
from dialer.domain.commands import RenderText
from dialer.domain.errors import BadInput
from dialer.domain.screening import SpokenText
from dialer.domain.values import AttemptId
from dialer.speech import TextSpeaker, check_sound
from dialer.store.spoken import SpokenFields

ORDER = RenderText(AttemptId("01KJT3D3C01HEAD8X4A1JH69RE"), 1, 1, SpokenText.MESSAGE, "es")


def wav(rate_hz: int = 8000, channels: int = 1, subtype: str = "PCM_16", container: str = "WAV") -> bytes:
    whole = io.BytesIO()
    soundfile.write(whole, np.zeros((800, channels)) + 0.1, rate_hz, subtype=subtype, format=container)
    return whole.getvalue()


def speaker(folder: Path, fields: SpokenFields | OSError | None) -> TextSpeaker:
    async def read(kind: SpokenText, campaign_id: int, lead_id: int) -> SpokenFields | None:
        if isinstance(fields, OSError):
            raise fields
        return fields

    return TextSpeaker(folder, read)


def fields(template: str | None = None, sound: bytes | None = None) -> SpokenFields:
    return SpokenFields(template, sound, "Ana Paz", "R-1", "Avisos")


async def test_a_recorded_message_is_played_as_it_is(tmp_path: Path) -> None:
    recorded = wav()
    one = speaker(tmp_path, fields(sound=recorded))
    name = await one.render(ORDER)
    assert name == await one.render(ORDER)
    (file,) = (tmp_path / MESSAGE_FOLDER).iterdir()
    assert file.name == f"{name}.wav"
    assert file.read_bytes() == recorded
    assert file.stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("problem", [fields("Su deuda"), fields("{{ nobody }}"), None, OSError("away")])
async def test_what_cannot_be_said_leaves_no_file(
    tmp_path: Path, problem: SpokenFields | OSError | None
) -> None:
    assert await speaker(tmp_path, problem).render(ORDER) is None
    assert not (tmp_path / MESSAGE_FOLDER).exists()


async def test_without_a_voice_there_is_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await speaker(tmp_path, fields()).render(ORDER) is None


@pytest.mark.parametrize(
    "sound",
    [b"RIFF", wav(44100), wav(channels=2), wav(subtype="ULAW"), wav(container="FLAC"), bytes(2_000_001)],
)
def test_a_recording_that_asterisk_would_not_play_is_refused(sound: bytes) -> None:
    with pytest.raises(BadInput):
        check_sound(sound)


def test_one_that_it_plays_is_not() -> None:
    check_sound(wav())
