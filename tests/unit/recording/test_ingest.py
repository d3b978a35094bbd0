"""The ingest against a catalogue in memory: crashes at every step, what does not belong, what still grows."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
import structlog

from dialer.domain.facts import RecordingClosed
from dialer.domain.values import AttemptId
from dialer.ports import KeptRecording, LogUnavailable, RecordedCall
from dialer.recording import ingest as ingest_module
from dialer.recording.ingest import Ingest
from dialer.recording.layout import is_recording_path, recording_path

T0 = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
ID = AttemptId("01JD00000000000000000000AA")
OTHER = AttemptId("01JD00000000000000000000BB")


class MemoryStore:
    """`ports.RecordingStore` in memory, that can be unreachable."""

    def __init__(self, *ended: AttemptId, live: Sequence[AttemptId] = ()) -> None:
        self.ended, self.live = set(ended), set(live)
        self.rows: dict[AttemptId, KeptRecording] = {}
        self.away = False

    async def find_calls(self, attempt_ids: Sequence[AttemptId]) -> list[RecordedCall]:
        if self.away:
            raise LogUnavailable("away")
        return [
            RecordedCall(id_, id_ in self.ended, T0, id_ in self.rows)
            for id_ in attempt_ids
            if id_ in self.ended | self.live
        ]

    async def keep(self, recording: KeptRecording) -> None:
        if self.away:
            raise LogUnavailable("away")
        self.rows.setdefault(recording.attempt_id, recording)


class Folders:
    def __init__(self, root: Path) -> None:
        self.spool, self.recordings = root / "spool", root / "recordings"
        self.spool.mkdir()
        self.recordings.mkdir()

    def record(self, attempt_id: str, *, age_s: float = 60.0) -> None:
        """What the switch leaves of a call, written so long ago."""
        for leg in ("rx", "tx"):
            path = self.spool / f"{attempt_id}-{leg}.wav"
            soundfile.write(path, np.full(8000, 1000, dtype=np.int16), 8000, "PCM_16")
            then = time.time() - age_s
            os.utime(path, (then, then))

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir())

    @property
    def kept(self) -> list[str]:
        return sorted(str(p.relative_to(self.recordings)) for p in self.recordings.rglob("*") if p.is_file())


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_module, "SETTLE_S", 0.05)
    monkeypatch.setattr(ingest_module, "SCAN_S", 0.1)


@asynccontextmanager
async def running(folders: Folders, store: MemoryStore) -> AsyncIterator[Ingest]:
    ingest = Ingest(spool=folders.spool, recordings=folders.recordings, store=store)
    task = asyncio.ensure_future(ingest.run())
    try:
        await asyncio.sleep(0.02)  # the first scan
        yield ingest
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: object) -> None:
    async with asyncio.timeout(60):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_a_closed_recording_becomes_a_file_and_a_row(folders: Folders) -> None:
    store = MemoryStore(live=[ID])
    async with running(folders, store) as ingest:
        folders.record(ID)
        store.ended.add(ID)
        ingest.publish([RecordingClosed(at=T0, attempt_id=ID)])
        await ingest.settle()
    path = f"2026/11/20/{ID}.flac"
    assert folders.kept == [path]
    assert folders.left == []
    row = store.rows[ID]
    assert (row.path, row.started_at, row.duration_ms) == (path, T0, 1000)
    assert row.size_bytes == (folders.recordings / path).stat().st_size
    assert row.peaks == bytes([1000 >> 7]) * 40


async def test_what_a_crash_left_is_found_at_the_start(folders: Folders) -> None:
    """Ended calls only: the switch still writes the others'."""
    folders.record(ID)
    folders.record(OTHER)
    store = MemoryStore(ID, live=[OTHER])
    async with running(folders, store) as ingest:
        await ingest.settle()
        assert list(store.rows) == [ID]
        assert folders.left == [f"{OTHER}-rx.wav", f"{OTHER}-tx.wav"]
        store.ended.add(OTHER)
        await until(lambda: OTHER in store.rows)  # the next scan
        await until(lambda: folders.left == [])  # which it clears after the row


async def test_a_crash_after_the_file_makes_it_again(folders: Folders) -> None:
    folders.record(ID)
    target = folders.recordings / recording_path(ID, T0)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"half a file of an older program")
    target.with_name(f".{target.name}.part").write_bytes(b"x" * 100_000)
    store = MemoryStore(ID)
    async with running(folders, store) as ingest:
        await ingest.settle()
    assert folders.kept == [str(target.relative_to(folders.recordings))]
    assert soundfile.info(target).frames == 8000
    assert store.rows[ID].size_bytes == target.stat().st_size


async def test_a_crash_after_the_row_only_clears_the_spool(folders: Folders) -> None:
    folders.record(ID)
    store = MemoryStore(ID)
    async with running(folders, store) as ingest:
        await ingest.settle()
        kept = store.rows[ID]
        target = folders.recordings / kept.path
        before = target.stat()
        folders.record(ID)
        (folders.spool / f"{ID}-tx.wav").unlink()  # ... and in the midst of clearing
        ingest.offer(ID)
        await ingest.settle()
    assert folders.left == []
    assert target.stat() == before
    assert store.rows[ID] is kept


async def test_an_unreachable_database_loses_nothing(folders: Folders) -> None:
    folders.record(ID)
    store = MemoryStore(ID)
    store.away = True
    async with running(folders, store) as ingest:
        ingest.offer(ID)
        await ingest.settle()
        assert folders.left != []
        store.away = False
        await until(lambda: ID in store.rows and not folders.left)


async def test_a_file_that_still_grows_is_waited_for(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore(ID)
    async with running(folders, store) as ingest:
        folders.record(ID, age_s=-0.3)
        ingest.offer(ID)
        await asyncio.sleep(0.15)
        assert store.rows == {}
        await ingest.settle()
        assert ID in store.rows


async def test_what_does_not_belong_in_the_spool_is_left_alone(folders: Folders, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, np.zeros(800, dtype=np.int16), 8000)
    names = ["notes.txt", "short-rx.wav", f"{ID.lower()}-rx.wav", f"{ID}-rx.mp3", f"{'U' * 26}-rx.wav"]
    for name in names:
        (folders.spool / name).write_bytes(b"x")
    (folders.spool / f"{ID}-rx.wav").symlink_to(secret)
    (folders.spool / f"{OTHER}-rx.wav").mkdir()
    store = MemoryStore(ID, OTHER)
    with structlog.testing.capture_logs() as logs:
        async with running(folders, store) as ingest:
            await ingest.settle()
            await asyncio.sleep(0.3)  # some scans more: each fault is said once
    assert store.rows == {}
    assert folders.kept == []
    assert secret.exists()
    assert sorted(folders.left) == sorted([*names, f"{ID}-rx.wav", f"{OTHER}-rx.wav"])
    assert sorted(entry["attempt_id"] for entry in logs if entry["event"] == "recording_faulty") == [
        ID,
        OTHER,
    ]


async def test_damaged_sound_is_said_once_and_stops_nobody(folders: Folders) -> None:
    folders.record(ID)
    folders.record(OTHER)
    (folders.spool / f"{ID}-rx.wav").write_bytes(b"RIFF damaged")
    os.utime(folders.spool / f"{ID}-rx.wav", (0, 0))
    store = MemoryStore(ID, OTHER)
    with structlog.testing.capture_logs() as logs:
        async with running(folders, store) as ingest:
            await ingest.settle()
            await asyncio.sleep(0.3)
    assert list(store.rows) == [OTHER]
    assert folders.left == [f"{ID}-rx.wav", f"{ID}-tx.wav"]
    assert [entry["event"] for entry in logs if entry.get("attempt_id") == ID] == ["recording_faulty"]


async def test_more_than_the_queue_holds_is_found_later(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "QUEUE", 2)
    ids = [AttemptId(f"01JD000000000000000000000{letter}") for letter in "ABCDEF"]
    for id_ in ids:
        folders.record(id_)
    store = MemoryStore(*ids)
    async with running(folders, store) as ingest:
        for id_ in ids:
            ingest.offer(id_)
        await until(lambda: len(store.rows) == 6)
        # The last row is written before its files are cleared away.
        await until(lambda: folders.left == [])


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "x" * 26, ID.lower(), f"{ID}\n", f"{ID[:-1]}/"])
async def test_only_our_ids_are_taken(folders: Folders, name: str) -> None:
    ingest = Ingest(spool=folders.spool, recordings=folders.recordings, store=MemoryStore())
    with pytest.raises(ValueError, match="is no attempt id"):
        ingest.offer(AttemptId(name))
    with pytest.raises(ValueError, match="Crockford"):
        recording_path(AttemptId(name), T0)


def test_paths_are_made_of_ids_and_utc_days() -> None:
    assert recording_path(ID, datetime.fromisoformat("2026-11-20T22:00:00-04:00")) == f"2026/11/21/{ID}.flac"
    assert is_recording_path(f"2026/11/21/{ID}.flac")
    for other in (f"2026/11/21/../{ID}.flac", f"/2026/11/21/{ID}.flac", f"2026/11/21/{ID}.flac\n", "x"):
        assert not is_recording_path(other)
