"""The bench's own eyes, which share no code with the dialer: a second manager connection, and the log's announcements.

Both only keep what comes while calls run, with the time where it has none, and read it afterwards.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import asyncpg

ULID_LENGTH = 26


class Observer:
    """Everything one manager user of the switch is told while this context is open."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self._port, self._user, self._secret = port, user, secret
        self._blocks: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(
            f"Action: Login\r\nUsername: {self._user}\r\nSecret: {self._secret}\r\n"
            "Events: system,call,user\r\n\r\n".encode()
        )
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._task = self._group.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        self._writer.close()
        await self._group.__aexit__(None, None, None)

    async def _read(self) -> None:
        while data := await self._reader.read(1 << 16):
            self._blocks.append(data)

    def read(self) -> "Seen":
        """What was seen so far."""
        return Seen(b"".join(self._blocks))


class Seen:
    """A stretch of AMI, read for what the bench asks of it. Times are the switch's own stamps, epoch seconds."""

    def __init__(self, raw: bytes) -> None:
        #: Events of customers' channels by name.
        self.events: Counter[str] = Counter()
        self.created: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        #: When customer and agent stood together in a two-party bridge.
        self.bridged: dict[str, float] = {}
        self.hung_up: set[str] = set()
        bridges: dict[str, set[str]] = {}
        for event in _events(raw):
            self._take(event, bridges)

    def _take(self, event: dict[str, str], bridges: dict[str, set[str]]) -> None:
        name, channel = event["Event"], event.get("Uniqueid") or event.get("DestUniqueid", "")
        at = float(event.get("Timestamp") or 0)
        if name == "BridgeEnter" and event.get("BridgeTechnology") != "holding_bridge":
            members = bridges.setdefault(event["BridgeUniqueid"], set())
            members.add(channel)
            customer = next((m for m in members if len(m) == ULID_LENGTH), None)
            if customer and any(m.startswith("leg-") for m in members):
                self.bridged.setdefault(customer, at)
        elif name == "BridgeLeave":
            bridges.get(event["BridgeUniqueid"], set()).discard(channel)
        if len(channel) != ULID_LENGTH:
            return
        self.events[name] += 1
        if name == "Newchannel":
            self.created[channel] = at
        elif name == "Newstate" and event.get("ChannelState") == "6":
            self.answered[channel] = at
        elif name == "Hangup":
            self.hung_up.add(channel)

    def bridge_ms(self) -> list[float]:
        """Answer to both legs in one bridge, of every call that was bridged, ms."""
        return [
            (at - self.answered[call]) * 1000 for call, at in self.bridged.items() if call in self.answered
        ]


class LogFollower:
    """When each batch of the log was announced: what is announced is on disk."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        #: (epoch seconds, last sequence number of the batch)
        self.announced: list[tuple[float, int]] = []

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._dsn)
        await self._connection.add_listener("cadencia_log", self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self.announced.append((time.time(), int(str(payload).partition(":")[2])))

    async def lags_ms(self, connection: "asyncpg.Connection[Any]", campaign_id: int) -> list[float]:
        """From the switch's stamp on an event to its fact on disk and announced, of one campaign's calls, ms."""
        rows = await connection.fetch(
            "SELECT seq, extract(epoch FROM at)::float8 AS at FROM call_event"
            " WHERE type IN ('AttemptMoved', 'AttemptEnded') AND (data ->> 'campaign_id')::bigint = $1"
            " AND coalesce(data ->> 'state', '') <> 'originating' ORDER BY seq",
            campaign_id,
        )
        lags, announcements = [], iter(self.announced)
        at, last = next(announcements, (0.0, 0))
        for row in rows:
            while last < row["seq"]:
                at, last = next(announcements, (0.0, 1 << 62))
            if at:
                lags.append((at - row["at"]) * 1000)
        return lags


def _events(raw: bytes) -> Iterator[dict[str, str]]:
    for block in raw.split(b"\r\n\r\n"):
        if block.startswith(b"Event: "):
            yield dict(
                line.split(": ", 1) for line in block.decode(errors="replace").split("\r\n") if ": " in line
            )
