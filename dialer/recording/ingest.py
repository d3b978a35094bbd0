"""From the switch's spool to the shelf: each recorded call's two files become one FLAC and one row, then go.

Every step may be the last before a crash. The FLAC appears under its name whole or not at all, the row is written
after it, and the spool's files are deleted after the row: so what is in the spool is what is left to do, and doing it
again gives the same. The queue is only a hint where to look first.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from dialer.domain.facts import AnyFact, RecordingClosed
from dialer.domain.values import AttemptId, is_ulid
from dialer.ports import KeptRecording, LogUnavailable, RecordedCall, RecordingStore
from dialer.recording.layout import recording_path
from dialer.recording.sound import BadSound, Sound, join_legs

log = structlog.get_logger()

#: The switch writes the last samples after it has said that it stopped.
SETTLE_S = 1.0
#: How often the spool is looked through for what no fact told of.
SCAN_S = 30.0
#: Calls that may wait; what comes beyond is found by the next scan.
QUEUE = 1000

LEGS = ("rx", "tx")  # what the switch received from the customer, and what it sent to him: the agent
_NAME = re.compile(r"([0-9A-Z]{26})-(rx|tx)\.wav")


class Ingest:
    """Takes finished recordings in, one at a time, in a thread of its own. A `ports.Publisher` of facts."""

    def __init__(self, *, spool: Path, recordings: Path, store: RecordingStore) -> None:
        self._spool = spool
        self._recordings = recordings
        self._store = store
        self._queue: asyncio.Queue[tuple[AttemptId, float]] = asyncio.Queue(QUEUE)
        self._waiting: set[AttemptId] = set()
        self._faulty: set[AttemptId] = set()

    def publish(self, facts: Sequence[AnyFact]) -> None:
        """Take note of the recordings that were closed; returns at once."""
        for fact in facts:
            if isinstance(fact, RecordingClosed):
                self.offer(fact.attempt_id)

    def offer(self, attempt_id: AttemptId) -> None:
        """Take this call's recording soon. Raises ValueError when it is no attempt's id."""
        if not is_ulid(attempt_id):
            raise ValueError(f"{attempt_id!r} is no attempt id")
        if attempt_id in self._waiting or attempt_id in self._faulty or self._queue.full():
            return
        self._waiting.add(attempt_id)
        self._queue.put_nowait((attempt_id, time.monotonic() + SETTLE_S))

    async def run(self) -> None:
        """Scan the spool, then take what is offered, until cancelled."""
        worker = ThreadPoolExecutor(1, "ingest")
        try:
            await self._scan()
            scan_at = time.monotonic() + SCAN_S
            while True:
                try:
                    async with asyncio.timeout(max(scan_at - time.monotonic(), 0)):
                        attempt_id, due = await self._queue.get()
                except TimeoutError:
                    await self._scan()
                    scan_at = time.monotonic() + SCAN_S
                    continue
                await asyncio.sleep(max(due - time.monotonic(), 0))
                done = await self._take(attempt_id, worker)
                self._waiting.discard(attempt_id)
                if not done:
                    self.offer(attempt_id)
                self._queue.task_done()
        finally:
            worker.shutdown(wait=False, cancel_futures=True)

    async def settle(self) -> None:
        """Wait until all that was offered so far has been dealt with."""
        await self._queue.join()

    async def _scan(self) -> None:
        """Offer what lies in the spool of calls that have ended: after a crash nobody else will."""
        try:
            with os.scandir(self._spool) as entries:
                found = {AttemptId(match[1]) for entry in entries if (match := _NAME.fullmatch(entry.name))}
        except OSError as error:
            log.error("spool_unreadable", error=str(error))
            return
        left = [id_ for id_ in found - self._waiting - self._faulty if is_ulid(id_)]
        try:
            calls = await self._store.find_calls(left)
        except LogUnavailable as error:
            log.warning("ingest_waits", error=str(error))
            return
        for call in calls:
            if call.ended:
                self.offer(call.attempt_id)

    async def _take(self, attempt_id: AttemptId, worker: ThreadPoolExecutor) -> bool:
        """One call's recording, whatever was done of it before; False while the switch still writes it.

        What can't be done for want of database or disk is left in the spool, to a later scan.
        """
        loop = asyncio.get_running_loop()
        try:
            calls = await self._store.find_calls([attempt_id])
            if not calls:
                raise BadSound("no such attempt")
            (call,) = calls
            if not call.kept:
                kept = await loop.run_in_executor(worker, self._join, call)
                if kept is None:
                    return False
                await self._store.keep(kept)
                log.info(
                    "recording_kept",
                    attempt_id=attempt_id,
                    duration_ms=kept.duration_ms,
                    size_bytes=kept.size_bytes,
                )
            await loop.run_in_executor(worker, self._clear, attempt_id)
        except BadSound as error:
            self._faulty.add(attempt_id)
            log.error("recording_faulty", attempt_id=attempt_id, error=str(error))
        except (LogUnavailable, OSError) as error:
            log.error("ingest_failed", attempt_id=attempt_id, error=str(error))
        return True

    def _join(self, call: RecordedCall) -> KeptRecording | None:
        """The FLAC in its place; None while the switch still writes. Raises BadSound, OSError."""
        path = recording_path(call.attempt_id, call.started_at)
        target = self._recordings / path
        with ExitStack() as stack:
            folder = stack.enter_context(_directory(self._spool))
            legs = [_open_leg(folder, f"{call.attempt_id}-{leg}.wav", stack) for leg in LEGS]
            if not any(legs):
                raise BadSound("the switch left no file in the spool")
            if any(leg and time.time() - os.fstat(leg.fileno()).st_mtime < SETTLE_S for leg in legs):
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            sound = _write_whole(target, legs[0], legs[1])
        return KeptRecording(
            attempt_id=call.attempt_id,
            path=path,
            started_at=call.started_at,
            duration_ms=sound.duration_ms,
            size_bytes=sound.size_bytes,
            sha256=sound.sha256,
            peaks=sound.peaks,
        )

    def _clear(self, attempt_id: AttemptId) -> None:
        with _directory(self._spool) as folder:
            for leg in LEGS:
                try:
                    os.unlink(f"{attempt_id}-{leg}.wav", dir_fd=folder)
                except FileNotFoundError:
                    continue


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    """A folder by its descriptor: what is opened in it is in it, whatever its name holds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_leg(folder: int, name: str, stack: ExitStack) -> BinaryIO | None:
    """The leg's file when there is one. Raises BadSound when it is a link or no file."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadSound(f"{name}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadSound(f"{name} is no file")
    return stack.enter_context(os.fdopen(descriptor, "rb"))


def _write_whole(target: Path, customer: BinaryIO | None, agent: BinaryIO | None) -> Sound:
    """`target` appears whole, and stays after a power failure, or not at all."""
    part = target.with_name(f".{target.name}.part")
    with part.open("w+b") as file:
        sound = join_legs(customer, agent, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(target)
    with _directory(target.parent) as folder:
        os.fsync(folder)
    return sound
