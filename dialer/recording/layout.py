"""Where a recording is kept, and how its waveform is written: shared by those who write and those who serve."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dialer.domain.values import AttemptId, is_ulid

#: Waveform slices a second, per channel: a ten-minute call is 24 kB and still shows each word.
PEAKS_PER_S = 20

_PATH = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/([0-9A-Z]{26})\.flac")


def recording_path(attempt_id: AttemptId, started_at: datetime) -> str:
    """YYYY/MM/DD/<attempt id>.flac below the recordings folder, by the UTC day; of ids and dates only."""
    if not is_ulid(attempt_id):
        raise ValueError("an attempt id is 26 Crockford letters")
    return f"{started_at.astimezone(UTC):%Y/%m/%d}/{attempt_id}.flac"


def is_recording_path(path: str) -> bool:
    """Whether `path` can have come from `recording_path`."""
    match = _PATH.fullmatch(path)
    return match is not None and is_ulid(match[1])
