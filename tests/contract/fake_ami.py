"""Asterisk's manager port as far as the client's contract goes, and a wire in front of it that can fail."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, SECRET = "dialer", "a secret of the contract tests"

Headers = dict[str, str]


def encode(*lines: tuple[str, str]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in lines).encode() + b"\r\n"


@dataclass
class FakeAmi:
    """Speaks what the contract needs: log-in by challenge, pings, originates, a list, refusals."""

    banner: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    boot_s: float = 0.0
    #: Actions that are read and never answered.
    mute: set[str] = field(default_factory=set)
    #: Written between two items of a list.
    interleaved: bytes = b""
    #: Every action read, in order, over all connections.
    actions: list[Headers] = field(default_factory=list)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def send(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def close_links(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.banner)
            challenge = str(len(self.actions) + 1000)
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in block.split("\r\n") if line)
                self.actions.append(action)
                if action["Action"] not in self.mute:
                    await self._answer(action, challenge, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, action: Headers, challenge: str, writer: asyncio.StreamWriter) -> None:
        mark = ("ActionID", action["ActionID"])

        def respond(status: str, *lines: tuple[str, str]) -> None:
            writer.write(encode(("Response", status), mark, *lines))

        match action["Action"]:
            case "Challenge":
                respond("Success", ("Challenge", challenge))
            case "Login":
                key = hashlib.md5((challenge + SECRET).encode()).hexdigest()
                if (action["Username"], action["Key"]) != (USER, key):
                    respond("Error", ("Message", "Authentication failed"))
                    raise ConnectionError
                respond("Success", ("Message", "Authentication accepted"))
                if action["Events"] == "off":
                    return
                await asyncio.sleep(self.boot_s)
                self._writers.add(writer)
                writer.write(encode(("Event", "FullyBooted"), ("Status", "Fully Booted")))
            case "Ping":
                respond("Success", ("Ping", "Pong"), ("Timestamp", "1700000000.000001"))
            case "Setvar":
                respond("Success", ("Message", "Variable Set"))
            case "Originate":
                respond("Success", ("Message", "Originate successfully queued"))
                name = action.get("CallerID", "").partition(" <")[0].strip('"')
                result = ("Response", "Failure"), ("Reason", "0"), ("CallerIDName", name)
                self.send(encode(("Event", "OriginateResponse"), mark, *result))
            case "CoreShowChannels":
                respond("Success", ("EventList", "start"), ("Message", "Channels will follow"))
                for n in range(3):
                    self.send(self.interleaved)
                    writer.write(encode(("Event", "CoreShowChannel"), mark, ("Uniqueid", f"u{n}")))
                end = (
                    ("Event", "CoreShowChannelsComplete"),
                    mark,
                    ("EventList", "Complete"),
                    ("ListItems", "3"),
                )
                writer.write(encode(*end))
            case "Hangup":
                respond("Error", ("Message", "No such channel"))
            case _:
                respond("Error", ("Message", "Invalid/unknown command"))


class Wire:
    """A TCP proxy between client and switch: what it carried, and how it can fail."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self.port = 0
        #: Bytes from the client, over all connections.
        self.sent = bytearray()
        self.connections = 0
        #: Deliver to the client in pieces of so many bytes.
        self.slice: int | None = None
        #: Half-open: what the switch says goes nowhere, and nobody is told.
        self.deaf = False
        #: The switch's side stops reading.
        self.stuffed = False
        self._writers: set[asyncio.StreamWriter] = set()

    def reset(self) -> None:
        """RST on every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        try:
            up = asyncio.ensure_future(self._up(reader, far_writer))
            down = asyncio.ensure_future(self._down(far_reader, writer))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self.stuffed:
            data = await reader.read(65536)
            if not data:
                return
            self.sent += data
            writer.write(data)
            await writer.drain()
        await asyncio.Event().wait()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.deaf:
                continue
            for n in range(0, len(data), self.slice or len(data)):
                writer.write(data[n : n + (self.slice or len(data))])
                if self.slice:
                    await asyncio.sleep(0)
            await writer.drain()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """The port at which `serve` is called for each connection; at the end every connection is cut."""
    tasks: set[asyncio.Task[None]] = set()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(keep, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def actions_in(sent: Iterable[int], name: str) -> int:
    """How often an action is in what was sent."""
    return bytes(sent).count(f"Action: {name}\r\n".encode())
