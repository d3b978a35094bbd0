"""The catalogue of recordings: `ports.RecordingStore` on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from dialer.domain.values import AttemptId
from dialer.ports import KeptRecording, LogUnavailable, RecordedCall
from dialer.store.database import CONNECTION_ERRORS

#: Longer than this and the database counts as gone; the recording waits in the spool.
_TIMEOUT_S = 10.0


class PostgresRecordingStore:
    """Over a pool that somebody else opens and closes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find_calls(self, attempt_ids: Sequence[AttemptId]) -> list[RecordedCall]:
        """See `ports.RecordingStore`. Where the log has no beginning, it began when the two were connected."""
        try:
            rows = await self._pool.fetch(
                """
                SELECT a.id AS attempt_id, a.ended_at IS NOT NULL AS ended,
                       coalesce(
                           (SELECT min(e.at) FROM call_event e
                            WHERE e.attempt_id = a.id AND e.type = 'RecordingBegan'),
                           a.connected_at, a.answered_at, a.planned_at
                       ) AS started_at,
                       EXISTS (SELECT FROM recording r WHERE r.attempt_id = a.id) AS kept
                FROM attempt a
                WHERE a.id = ANY ($1)
                ORDER BY a.id
                """,
                list(attempt_ids),
                timeout=_TIMEOUT_S,
            )
        except CONNECTION_ERRORS as error:
            raise LogUnavailable(str(error) or type(error).__name__) from error
        return [RecordedCall(**dict(row)) for row in rows]

    async def keep(self, recording: KeptRecording) -> None:
        """See `ports.RecordingStore`."""
        try:
            await self._pool.execute(
                """
                INSERT INTO recording (attempt_id, path, started_at, duration_ms, bytes, sha256, peaks, refused_at)
                VALUES (
                    $1, $2, $3, $4, $5, $6, $7,
                    (SELECT min(at) FROM call_event WHERE attempt_id = $1 AND type = 'RecordingRefused')
                )
                ON CONFLICT (attempt_id) DO NOTHING
                """,
                recording.attempt_id,
                recording.path,
                recording.started_at,
                recording.duration_ms,
                recording.size_bytes,
                recording.sha256,
                recording.peaks,
                timeout=_TIMEOUT_S,
            )
        except CONNECTION_ERRORS as error:
            raise LogUnavailable(str(error) or type(error).__name__) from error
