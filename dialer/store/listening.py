"""NOTIFY heard for as long as somebody listens, through lost connections and restarts of the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import asyncpg

from dialer.domain.errors import DialerError
from dialer.store.database import CONNECTION_ERRORS, connect

#: A silent connection is asked this often whether it is still one.
PROBE_S = 5.0
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
#: Beyond this many unread words the listener is told to read everything again instead.
_BACKLOG = 1000


class _Ear:
    """What one connection has heard and nobody has read yet, in order and each once."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, str] | None, None] = {None: None}
        self.woken = asyncio.Event()
        self.woken.set()

    def hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self.words[(channel, str(payload)) if len(self.words) < _BACKLOG else None] = None
        self.woken.set()

    def end(self, _connection: object) -> None:
        self.woken.set()


async def notifications(dsn: str, *channels: str) -> AsyncGenerator[tuple[str, str] | None]:
    """Each (channel, payload) as it comes; never ends.

    None, first of all and after every reconnection, means: anything may have been missed, read again. It also comes
    every `PROBE_S` seconds of silence. Words that wait together come once each.
    """
    failures = 0
    while True:
        try:
            connection = await connect(dsn)
        except DialerError:
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1
            continue
        failures = 0
        ear = _Ear()
        try:
            connection.add_termination_listener(ear.end)
            for channel in channels:
                await connection.add_listener(channel, ear.hear)
            while not connection.is_closed():
                try:
                    async with asyncio.timeout(PROBE_S):
                        await ear.woken.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=PROBE_S)
                    ear.words[None] = None
                ear.woken.clear()
                while ear.words:
                    word = next(iter(ear.words))
                    del ear.words[word]
                    yield word
        except (*CONNECTION_ERRORS, asyncpg.PostgresError):
            continue
        finally:
            connection.terminate()
