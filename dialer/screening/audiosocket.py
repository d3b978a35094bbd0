"""AudioSocket, the server's half: a call's sound over TCP, from Asterisk's application of that name.

A message is one byte of kind, two of length (big-endian), the payload: 0x01 the call's UUID (16 bytes, always first),
0x10 signed linear sound at 8 kHz, little-endian, 0x03 a DTMF digit, 0x00 the end, 0xff an error
(docs.asterisk.org, Channel Drivers, AudioSocket).

Asterisk 22.10.1 gives a stream up, and in it the call, when neither side sends a frame for two seconds: a frame of
silence goes back at once and then every second.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import cast

FRAME_BYTES = 320
SILENT_FRAME = bytes([0x10, FRAME_BYTES >> 8, FRAME_BYTES & 0xFF]) + bytes(FRAME_BYTES)
HEADER_BYTES = 3
UUID_BYTES = 16
#: A peer must say who it is within this, s.
INTRODUCTION_S = 2.0
#: Frames waiting to be heard, 1 s; beyond it the peer is read no further until they are.
MOST_WAITING = 50
#: A peer this far ahead of its own clock, s, sends no telephone call.
MOST_AHEAD_S = 3.0
_MS = 20


class Kind(IntEnum):
    HANGUP = 0x00
    ID = 0x01
    DTMF = 0x03
    AUDIO = 0x10
    ERROR = 0xFF


class Malformed(Exception):
    """The peer does not speak AudioSocket; the text says where."""


class Parser:
    """Bytes in, messages out; keeps at most one unfinished message."""

    def __init__(self) -> None:
        self._rest = b""
        self._introduced = False

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """The messages that are now whole, in order. Raises Malformed; then the stream is good for nothing more."""
        data = self._rest + data if self._rest else data
        found: list[tuple[Kind, bytes]] = []
        at = 0
        while len(data) - at >= HEADER_BYTES:
            length = data[at + 1] << 8 | data[at + 2]
            kind = self._checked(data[at], length)
            end = at + HEADER_BYTES + length
            if len(data) < end:
                break
            found.append((kind, data[at + HEADER_BYTES : end]))
            at = end
        self._rest = data[at:]
        return found

    def _checked(self, byte: int, length: int) -> Kind:
        try:
            kind = Kind(byte)
        except ValueError:
            raise Malformed(f"a message of unknown kind 0x{byte:02x}") from None
        if not self._introduced:
            if kind is not Kind.ID or length != UUID_BYTES:
                raise Malformed("the first message is not the call's UUID of 16 bytes")
            self._introduced = True
        elif kind is Kind.ID and length != UUID_BYTES:
            raise Malformed(f"a UUID of {length} bytes")
        elif kind is Kind.AUDIO and length % 2:
            raise Malformed(f"{length} bytes of 16-bit sound")
        return kind


class Stream(asyncio.Protocol):
    """One call's connection. `on_id` is asked once whose it is and says whether anybody wants it; `on_end` is told once
    that it is over, if it had been wanted."""

    def __init__(
        self, on_id: Callable[[Stream, uuid.UUID], bool], on_end: Callable[[Stream, str], None]
    ) -> None:
        self._on_id, self._on_end = on_id, on_end
        self._parser = Parser()
        self._transport: asyncio.Transport | None = None
        self._frames: deque[bytes] = deque()
        self._part = b""
        self._wanted = False
        self._reading = True
        self._why = "the peer closed"
        self._received = 0
        self._began_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Frames that came and were not taken."""
        return len(self._frames)

    def take(self) -> bytes | None:
        """The next frame of 20 ms, if it has come."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        if not self._reading and len(self._frames) < MOST_WAITING // 2 and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()
        return frame

    def close(self, why: str) -> None:
        """End it in order: the dialplan goes on."""
        self._why = why
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    # --- asyncio's side -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            asyncio.Transport, transport
        )  # (uvloop's is one by its deeds, not by its class)
        loop = asyncio.get_running_loop()
        self._began_s = loop.time()
        self._alarm = loop.call_later(INTRODUCTION_S, self.close, "it never said which call it is")

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            for kind, payload in self._parser.feed(data):
                if not self._took(kind, payload):
                    return
        except Malformed as error:
            self.close(str(error))

    def _took(self, kind: Kind, payload: bytes) -> bool:
        match kind:
            case Kind.ID if not self._wanted:
                self._wanted = self._on_id(self, uuid.UUID(bytes=payload))
                if not self._wanted:
                    self.close("nobody asked for this call")
                    return False
                if self._alarm is not None:
                    self._alarm.cancel()
                self._keep_alive()
            case Kind.AUDIO:
                return self._hear(payload)
            case Kind.HANGUP | Kind.ERROR:
                self.close("the peer hung up")
                return False
            case Kind.ID | Kind.DTMF:
                pass
        return True

    def _hear(self, payload: bytes) -> bool:
        assert self._transport is not None
        sound = self._part + payload if self._part else payload
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._frames.extend(sound[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        self._part = sound[whole:]
        self._received += whole // FRAME_BYTES
        ahead_s = self._received * _MS / 1000 - (asyncio.get_running_loop().time() - self._began_s)
        if ahead_s > MOST_AHEAD_S:
            self.close(f"{ahead_s:.1f} s of sound too many")
            return False
        if self._reading and len(self._frames) > MOST_WAITING:
            self._reading = False
            self._transport.pause_reading()
        return True

    def _keep_alive(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(SILENT_FRAME)
        self._alarm = asyncio.get_running_loop().call_later(1.0, self._keep_alive)

    def connection_lost(self, error: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._transport = None
        if self._wanted:
            self._on_end(self, self._why if error is None else f"{self._why}: {error}")
