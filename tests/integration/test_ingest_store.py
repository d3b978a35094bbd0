"""The ingest over the real catalogue: from the switch's two files to what the API can serve."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import numpy as np
import pytest
import soundfile
from api_harness import T0, add_attempt, furnish, serve

from dialer.domain.values import AttemptId
from dialer.ports import LogUnavailable
from dialer.recording.ingest import Ingest
from dialer.store.database import open_pool
from dialer.store.recordings import PostgresRecordingStore


async def test_a_recorded_call_can_be_heard(pool: asyncpg.Pool, dsn: str, tmp_path: Path) -> None:
    office = await furnish(pool)
    attempt = await add_attempt(pool, office, 1, connected_at=T0)
    talking = await add_attempt(pool, office, 2, at=T0 + timedelta(hours=1), ended=False)
    began_at = T0 + timedelta(seconds=4)
    await pool.execute(
        "INSERT INTO call_event (shard_id, seq, attempt_id, type, at, data)"
        " VALUES ($1, 1, $2, 'RecordingBegan', $3, '{}')",
        office.group_id,
        attempt,
        began_at,
    )
    spool, recordings = tmp_path / "spool", tmp_path / "recordings"
    spool.mkdir()
    for id_ in (attempt, talking):
        for leg in ("rx", "tx"):
            path = spool / f"{id_}-{leg}.wav"
            soundfile.write(path, np.full(12_000, 9000, dtype=np.int16), 8000, "PCM_16")
            os.utime(path, (0, 0))
    ingest = Ingest(spool=spool, recordings=recordings, store=PostgresRecordingStore(pool))
    running = asyncio.ensure_future(ingest.run())
    async with asyncio.timeout(10):
        while not await pool.fetchval("SELECT count(*) FROM recording"):
            await asyncio.sleep(0.05)
        await ingest.settle()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert sorted(path.name for path in spool.iterdir()) == [f"{talking}-rx.wav", f"{talking}-tx.wav"]

    async with serve(dsn, recordings_dir=recordings) as api, api.client("qa") as qa:
        (found,) = (await qa.get("/api/v1/recordings")).json()["items"]
        assert (found["attempt_id"], found["duration_ms"]) == (attempt, 1500)
        assert found["started_at"] == began_at.isoformat().replace("+00:00", "Z")
        peaks = (await qa.get(f"/api/v1/recordings/{found['id']}/peaks")).json()
        assert peaks["customer"] == peaks["agent"] == [9000 >> 7] * 30
        (tmp_path / "heard.flac").write_bytes(
            (await qa.get(f"/api/v1/recordings/{found['id']}/audio")).content
        )
    samples, rate = soundfile.read(tmp_path / "heard.flac", dtype="int16")
    assert (samples.shape, rate) == ((12_000, 2), 8000)


async def test_a_closed_database_is_said_to_be_unavailable(dsn: str) -> None:
    pool = await open_pool(dsn)
    await pool.close()
    store = PostgresRecordingStore(pool)
    with pytest.raises(LogUnavailable):
        await store.find_calls([AttemptId("01JD00000000000000000000AA")])
