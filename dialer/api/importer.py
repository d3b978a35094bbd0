"""The files that supervisors bring, on disk and at work: each in a process of its own that may be ended at any moment.

On disk a file is named by its upload's number, whatever it is called where it comes from.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from dialer.api.import_schemas import ImportProgress
from dialer.api.problems import ProblemError
from dialer.api.worker import BrokenWork, answers
from dialer.portfolio.asked import Asked, Work
from dialer.store import uploads
from dialer.store.database import CONNECTION_ERRORS
from dialer.store.uploads import UploadState

log = structlog.get_logger()

#: The largest portfolio file that makes sense here, some two million debtors.
MAX_UPLOAD_BYTES = 512 << 20
#: Files that wait to be loaded; more are refused until some are loaded or deleted.
MOST_WAITING = 20
#: Files at work at the same time: each takes a processor and more.
MOST_AT_WORK = 2
#: A look into a file takes a second; one that takes longer is not worth waiting for.
PREVIEW_LIMIT_S = 60.0
#: A connection that brings nothing for so long has gone.
_SILENCE_S = 60.0
#: Files that nobody loaded go after a week; the lists of what was wrong with those loaded, after a month.
UNLOADED_KEPT, LOADED_KEPT = timedelta(days=7), timedelta(days=30)
_SWEPT_EVERY_S = 3600.0
_PART = ".part"


class Refused(Exception):
    """The file, or what was said of it, is at fault."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived whole, not yet anybody's."""

    path: Path
    sha256: str
    size_bytes: int


class Importer:
    """Works on files until the context `running` ends. `folder` None: files can't be brought here."""

    def __init__(self, pool: asyncpg.Pool, dsn: str, folder: Path | None) -> None:
        self._pool, self._dsn, self._folder = pool, dsn, folder
        self._at_work: dict[int, asyncio.Task[None]] = {}
        self._progress: dict[int, ImportProgress] = {}
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Importer]:
        """What was at work when the last process ended counts as interrupted from now on."""
        if self._folder is None:
            yield self
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob(f"*{_PART}"):
            left.unlink(missing_ok=True)
        async with self._pool.acquire() as connection:
            if many := await uploads.mark_interrupted(connection):
                log.info("imports_interrupted", many=many)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            sweeping = tasks.create_task(self._sweep())
            try:
                yield self
            finally:
                sweeping.cancel()
                for task in self._at_work.values():
                    task.cancel()

    # --- files --------------------------------------------------------------------------------------------

    async def receive(self, chunks: AsyncIterator[bytes]) -> Received:
        """Write what arrives. Raises ProblemError on a full disk or a sender that falls silent; nothing stays then."""
        path = self.folder / f"{secrets.token_hex(16)}{_PART}"
        digest = hashlib.sha256()
        size = 0
        try:
            with path.open("xb") as file:
                while True:
                    async with asyncio.timeout(_SILENCE_S):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    size += len(chunk)
                    await asyncio.to_thread(_append, file, digest, chunk)
        except TimeoutError:
            path.unlink(missing_ok=True)
            raise ProblemError(
                HTTPStatus.REQUEST_TIMEOUT, "upload_stalled", "the file stopped arriving: send it again"
            ) from None
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ProblemError(
                    HTTPStatus.INSUFFICIENT_STORAGE, "disk_full", "there is no room left for files"
                ) from None
            raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Received(path, digest.hexdigest(), size)

    def keep(self, received: Received, upload_id: int) -> None:
        """The received file is this upload's now."""
        received.path.rename(self.file_of(upload_id))

    def file_of(self, upload_id: int) -> Path:
        return self.folder / f"{int(upload_id)}.upload"

    def findings_of(self, upload_id: int) -> Path:
        return self.folder / f"{int(upload_id)}.findings.csv"

    def remove(self, upload_id: int) -> None:
        """Delete what is on disk of an upload."""
        self.file_of(upload_id).unlink(missing_ok=True)
        self.findings_of(upload_id).unlink(missing_ok=True)

    @property
    def folder(self) -> Path:
        """Raises ProblemError when there is none."""
        if self._folder is None:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "uploads_not_configured",
                "set CADENCIA_UPLOADS_DIR for the API",
            )
        return self._folder

    # --- work ---------------------------------------------------------------------------------------------

    def progress_of(self, upload_id: int) -> ImportProgress | None:
        return self._progress.get(upload_id)

    def has_room(self) -> bool:
        return len(self._at_work) < MOST_AT_WORK

    async def look(self, asked: Asked) -> dict[str, Any]:
        """A preview. Raises Refused."""
        try:
            async with asyncio.timeout(PREVIEW_LIMIT_S):
                async for said in answers("dialer.portfolio", asked.as_json()):
                    if said["kind"] == "refused":
                        raise Refused(said["detail"])
                    if said["kind"] == "result":
                        return dict(said["result"])
        except TimeoutError:
            raise Refused(f"the file could not be looked into within {PREVIEW_LIMIT_S:g} s") from None
        raise BrokenWork("nothing was said of the file")

    def start(self, upload_id: int, asked: Asked) -> None:
        """Begin to check or load; the row says already that it is at work."""
        assert self._tasks is not None
        self._progress[upload_id] = ImportProgress(what="starting", done=0, total=0, rows=0)
        self._at_work[upload_id] = self._tasks.create_task(
            self._do(upload_id, asked), name=f"import {upload_id}"
        )

    async def stop(self, upload_id: int) -> None:
        """End the work on it, if there is any; what is staged stays."""
        task = self._at_work.get(upload_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            async with self._pool.acquire() as connection:
                found = await uploads.read_upload(connection, upload_id)
                if found is not None and found.state in uploads.BUSY:
                    await uploads.end_work(connection, upload_id, UploadState.INTERRUPTED)

    async def _do(self, upload_id: int, asked: Asked) -> None:
        state, report, problem = UploadState.INTERRUPTED, None, None
        try:
            async for said in answers("dialer.portfolio", asked.as_json()):
                kind = said.pop("kind")
                if kind == "progress":
                    self._progress[upload_id] = ImportProgress(**said)
                elif kind == "refused":
                    state, problem = UploadState.REFUSED, said["detail"]
                else:
                    state = UploadState.CHECKED if asked.work is Work.CHECK else UploadState.LOADED
                    report = said["result"]
        except (BrokenWork, OSError) as error:
            log.error("import_broken", upload_id=upload_id, why=str(error))
            problem = "the work ended early; the log has the details"
        finally:
            self._progress.pop(upload_id, None)
            self._at_work.pop(upload_id, None)
        if state is UploadState.LOADED:
            self.file_of(upload_id).unlink(missing_ok=True)
        log.info("import_ended", upload_id=upload_id, work=asked.work, state=state)
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await uploads.end_work(connection, upload_id, state, report=report, problem=problem)
                return
            except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
                log.warning("import_not_noted", upload_id=upload_id, why=repr(error))
                await asyncio.sleep(1)

    async def _sweep(self) -> None:
        """Delete files that have had their time."""
        while True:
            now = datetime.now(UTC)
            with suppress(asyncpg.PostgresError, *CONNECTION_ERRORS):
                async with self._pool.acquire() as connection:
                    stale = await uploads.read_stale(
                        connection, unloaded_before=now - UNLOADED_KEPT, loaded_before=now - LOADED_KEPT
                    )
                    for upload_id in stale:
                        self.remove(upload_id)
                        await uploads.delete_upload(connection, upload_id)
            await asyncio.sleep(_SWEPT_EVERY_S)


def _append(file: Any, digest: Any, chunk: bytes) -> None:
    digest.update(chunk)
    file.write(chunk)
