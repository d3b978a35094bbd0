"""Asterisk Manager Interface, bytes to messages and back. No I/O, no clock.

A message is lines `Key: value` ended by CRLF, closed by an empty line; the stream opens with one banner line.
(docs.asterisk.org, AMI v2 Specification; seen with Asterisk 22, banner `Asterisk Call Manager/11.0.0`.)

Reading is lazy: `Parser` only cuts the stream and takes each message's name; lines are decoded when somebody
asks for a header. Most events on a busy switch are none of the dialer's business, and cost next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

from dialer.asterisk.errors import ProtocolError, UnsafeValue

#: Bytes. Asterisk reads a line into 1,024 bytes and drops what does not fit ("line too long").
MAX_ACTION_LINE = 900
#: Asterisk's AST_MAX_MANHEADERS is 128, less Action and a spare.
MAX_ACTION_HEADERS = 126
#: Bytes. Far above what Asterisk sends (a channel variable's value is a few kB); a bound on memory, no more.
MAX_LINE = 64 * 1024
MAX_MESSAGE = 1024 * 1024

_BANNER = b"Asterisk Call Manager/"
_MAX_BANNER = 128
_END = b"\r\n\r\n"

_KEY = re.compile(r"[A-Za-z0-9_-]+")
#: Every control character but tab, and Unicode's own line ends (U+0085 is among the controls).
_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class Message:
    """One message of Asterisk: an event, or the response to an action.

    `name` is the event's name, `Response` for a response, "" for a block that is neither. Keys are matched as
    Asterisk writes them (`Uniqueid`, `ActionID`). Of a repeated key the first value counts: a line smuggled
    into a later value can't replace what Asterisk itself wrote before it.
    """

    __slots__ = ("_headers", "_pairs", "_raw", "name")

    def __init__(self, raw: bytes) -> None:
        """`raw`: the message's lines without the closing empty line."""
        self._raw = raw
        self._headers: dict[str, str] | None = None
        self._pairs: list[tuple[str, str]] | None = None
        if raw.startswith(b"Event: "):
            end = raw.find(b"\r\n")
            self.name = str(raw[7:end] if end > 0 else raw[7:], "utf-8", "replace")
        elif raw.startswith(b"Response: "):
            self.name = "Response"
        else:
            self.name = self.get("Event") or ("Response" if self.get("Response") else "")

    @property
    def headers(self) -> Mapping[str, str]:
        """Every key with its first value. Bytes that are not UTF-8 read as U+FFFD."""
        return MappingProxyType(self._parsed())

    def get(self, key: str, default: str = "") -> str:
        """The first value of `key`, or `default`."""
        return self._parsed().get(key, default)

    def all(self, key: str) -> list[str]:
        """Every value of a key that may repeat (`Output`, `ChanVariable`); "" for lines without a colon."""
        return [value for name, value in self.items() if name == key]

    def items(self) -> list[tuple[str, str]]:
        """All lines in order, as (key, value)."""
        headers = self._parsed()
        return list(self._pairs) if self._pairs is not None else list(headers.items())

    def __repr__(self) -> str:
        """Name and ids only: values hold telephone numbers and names, and a repr ends in logs."""
        ids = {key: self.get(key) for key in ("ActionID", "Uniqueid") if self.get(key)}
        return f"<Message {self.name or '?'} {ids}>"

    def _parsed(self) -> dict[str, str]:
        if self._headers is None:
            lines = str(self._raw, "utf-8", "replace").split("\r\n")
            try:
                headers = dict(cast(list[tuple[str, str]], [line.split(": ", 1) for line in lines]))
            except ValueError:  # a line without ": "
                headers = {}
            if len(headers) != len(lines):
                headers = {}
                self._pairs = [_cut(line) for line in lines if line]
                for key, value in self._pairs:
                    headers.setdefault(key, value)
            self._headers = headers
        return self._headers


def _cut(line: str) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    return (key, value.removeprefix(" ")) if colon else ("", line)


class Parser:
    """Cuts a byte stream into messages, however the network cut it.

    `banner` is None until the first line has come. After a ProtocolError the parser is of no more use: close
    the link.
    """

    __slots__ = ("_buffer", "banner")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.banner: str | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, in order. Raises ProtocolError on what can't be AMI."""
        buffer = self._buffer
        searched = max(len(buffer) - 3, 0)
        buffer += data
        if self.banner is None:
            if not self._take_banner():
                return []
            searched = 0
        if buffer.find(_END, searched) < 0:
            self._check_rest()
            return []
        # From the left, as a byte-by-byte reader would: with odd empty lines the ends found can overlap.
        blocks = bytes(buffer).split(_END)
        buffer[:] = blocks.pop()
        messages = []
        for block in blocks:
            if len(block) > MAX_LINE:
                _check(block)
            block = block.removeprefix(b"\r\n")  # more than one empty line between messages
            if block:
                messages.append(Message(block))
        self._check_rest()
        return messages

    def _take_banner(self) -> bool:
        buffer = self._buffer
        end = buffer.find(b"\r\n", 0, _MAX_BANNER)
        if not buffer.startswith(_BANNER[: len(buffer)]) or (end < 0 and len(buffer) >= _MAX_BANNER):
            raise ProtocolError(f"the first bytes are {bytes(buffer[:40])!r}; is this Asterisk's AMI port?")
        if end < 0:
            return False
        self.banner = str(buffer[:end], "utf-8", "replace")
        del buffer[: end + 2]
        return True

    def _check_rest(self) -> None:
        """A line or message still coming in is refused as soon as it is too long, not when it ends."""
        buffer = self._buffer
        # One byte of grace: the last may be the CR of a CRLF.
        if len(buffer) > MAX_LINE + 1 and b"\r\n" not in buffer[-MAX_LINE - 3 :]:
            raise ProtocolError(f"a line of more than {MAX_LINE} bytes")
        if len(buffer) > MAX_MESSAGE + 3:
            raise ProtocolError(f"a message of more than {MAX_MESSAGE} bytes")


def _check(block: bytes) -> None:
    if len(block) > MAX_MESSAGE:
        raise ProtocolError(f"a message of more than {MAX_MESSAGE} bytes")
    if max(map(len, block.split(b"\r\n"))) > MAX_LINE:
        raise ProtocolError(f"a line of more than {MAX_LINE} bytes")


def encode_action(name: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The bytes of one action: `Action: name`, then the headers in order, then the empty line.

    Nothing is ever repaired. Raises UnsafeValue when a key is not a plain token or repeats `Action`, when a
    value holds a control character (CR, LF, NUL, U+0085 ...) or a Unicode line end, can't be UTF-8, or makes
    a line longer than MAX_ACTION_LINE bytes, and when there are more headers than Asterisk reads.
    """
    if len(headers) > MAX_ACTION_HEADERS:
        raise UnsafeValue(f"{len(headers)} headers; Asterisk reads {MAX_ACTION_HEADERS}")
    lines = [_line("Action", name)]
    for key, value in headers:
        if not _KEY.fullmatch(key) or key.lower() == "action":
            raise UnsafeValue(f"the key {key[:40]!r}")
        lines.append(_line(key, value))
    lines.append(b"\r\n")
    return b"".join(lines)


def _line(key: str, value: str) -> bytes:
    # The value stays out of the message: it may be a name or a number, and errors end in logs.
    found = _UNSAFE.search(value)
    if found:
        raise UnsafeValue(f"{key} holds U+{ord(found[0]):04X} at position {found.start()}")
    try:
        line = f"{key}: {value}\r\n".encode()
    except UnicodeEncodeError as error:
        raise UnsafeValue(f"{key} holds a lone surrogate at position {error.start - len(key) - 2}") from None
    if len(line) - 2 > MAX_ACTION_LINE:
        raise UnsafeValue(f"{key} makes a line of {len(line) - 2} bytes; {MAX_ACTION_LINE} is the most")
    return line
