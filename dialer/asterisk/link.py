"""One connection to Asterisk's manager port, from its banner to its end.

Actions belong to the link they were written on: when it ends, each that has no answer ends with it.
Logging in and reconnecting are the client's.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from dialer.asterisk.errors import (
    ActionRefused,
    ActionTimeout,
    AmiError,
    LinkClosed,
    LinkFailed,
    LinkLost,
    NotConnected,
    Overloaded,
)
from dialer.asterisk.wire import Message, Parser, encode_action

#: Actions without an answer. Asterisk answers in milliseconds: so many mean that it does not at all.
MAX_PENDING = 10_000
#: Bytes written that the socket has not taken (some thousand actions).
MAX_UNSENT = 1024 * 1024

#: What an action comes to: the response, or why there is none.
Reply = Message | AmiError
Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Counters:
    """What went over a client's links since it was made."""

    events: int = 0
    received_bytes: int = 0
    actions: int = 0
    #: Responses to nobody: late, or with an ActionID never given.
    unknown_responses: int = 0
    #: Blocks that are neither event nor response.
    malformed: int = 0
    #: Links that came up, and links that ended or could not be made.
    links: int = 0
    failures: int = 0
    #: Seconds between Asterisk's stamp on the newest message that had one and its delivery. Events have one
    #: with `timestampevents = yes`, the answers to pings always.
    lag_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Pending:
    """An action written and not answered. `items`: what a list action has brought so far."""

    name: str
    on_reply: Callable[[Reply], None]
    items: list[Message] | None = None
    timer: asyncio.TimerHandle | None = None


class Link(asyncio.Protocol):
    """A protocol for `create_connection`; needs a running loop from the start."""

    def __init__(self, on_event: Callable[[Message], None], counters: Counters) -> None:
        loop = asyncio.get_running_loop()
        #: Called for each event; may be exchanged at any time, also from within itself.
        self.on_event = on_event
        self.counters = counters
        self.parser = Parser()
        #: Done when the banner has come.
        self.banner: asyncio.Future[None] = loop.create_future()
        #: Why the link ended. Once it is done nothing more is delivered or written.
        self.lost: asyncio.Future[LinkFailed] = loop.create_future()
        #: What a callback raised, if that is why.
        self.crash: Exception | None = None
        self._transport: asyncio.Transport
        self._pending: dict[str, _Pending] = {}
        self._lists: dict[str, _Pending] = {}
        # Asterisk tells everybody of everybody's asynchronous originates, with their ActionIDs: so a prefix.
        prefix = secrets.token_hex(4)
        self._action_ids = (f"{prefix}-{n}" for n in itertools.count(1))

    def post(
        self,
        name: str,
        headers: Headers,
        *,
        on_reply: Callable[[Reply], None],
        action_id: str | None,
        timeout_s: float,
    ) -> str:
        """Write an action; returns its ActionID. Raises NotSent, and ValueError for an ActionID in use."""
        return self._write(_Pending(name, on_reply), headers, action_id, timeout_s)

    async def ask(
        self,
        name: str,
        headers: Headers = (),
        *,
        items: list[Message] | None = None,
        action_id: str | None = None,
        timeout_s: float,
    ) -> Message:
        """Write an action and wait for its response, or, given `items` to fill, for the end of its list."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        pending = _Pending(name, partial(_settle, future), items)
        action_id = self._write(pending, headers, action_id, timeout_s)
        try:
            reply = await future
        finally:
            self._forget(action_id, pending)  # when cancelled: a late response is counted as unknown
        if isinstance(reply, AmiError):
            raise reply
        return reply

    def drop(self, reason: LinkFailed) -> None:
        """End the link now; every action without an answer ends in LinkLost. Later calls change nothing."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self._transport.abort()
        pending, self._pending, self._lists = self._pending, {}, {}
        for one in pending.values():
            if one.timer is not None:
                one.timer.cancel()
            self._reply(one, LinkLost(f"{one.name}; {reason}"))

    async def close(self, within_s: float) -> None:
        """End the link, letting what was written leave first if Asterisk takes it in time."""
        if self.lost.done():
            return
        self._transport.close()
        try:
            await asyncio.wait({self.lost}, timeout=within_s)
        finally:
            self.drop(LinkClosed("by the dialer"))

    def fail(self, error: Exception) -> None:
        """A callback raised: the owner is broken, so the link ends and the client raises the error."""
        self.crash = self.crash or error
        self.drop(LinkClosed("by the dialer: a callback raised"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.drop(LinkClosed(str(error) if error else ""))

    def data_received(self, data: bytes) -> None:
        if self.lost.done():
            return
        counters = self.counters
        counters.received_bytes += len(data)
        try:
            messages = self.parser.feed(data)
        except LinkFailed as error:
            self.drop(error)
            return
        if self.parser.banner is not None and not self.banner.done():
            self.banner.set_result(None)
        if messages:
            self._measure_lag(messages[-1])
        try:
            for message in messages:
                if message.name == "Response":
                    self._match(message)
                elif not message.name:
                    counters.malformed += 1
                else:
                    counters.events += 1
                    if not self._lists or not self._collect(message):
                        self.on_event(message)
                if self.lost.done():
                    return
        except Exception as error:
            self.fail(error)

    def _measure_lag(self, message: Message) -> None:
        try:
            self.counters.lag_s = time.time() - float(message.get("Timestamp"))
        except ValueError:
            return  # it has no stamp

    def _write(self, pending: _Pending, headers: Headers, action_id: str | None, timeout_s: float) -> str:
        if self.lost.done() or self._transport.is_closing():
            raise NotConnected(pending.name)
        action_id = action_id or next(self._action_ids)
        if action_id in self._pending:
            raise ValueError(f"the ActionID {action_id} is already waiting for its response")
        data = encode_action(pending.name, [("ActionID", action_id), *headers])
        if len(self._pending) >= MAX_PENDING:
            raise Overloaded(f"{MAX_PENDING} actions wait for an answer")
        if self._transport.get_write_buffer_size() + len(data) > MAX_UNSENT:
            raise Overloaded(f"{MAX_UNSENT} bytes wait to be taken")
        loop = asyncio.get_running_loop()
        pending.timer = loop.call_later(timeout_s, self._expire, action_id, pending, timeout_s)
        self._pending[action_id] = pending
        self.counters.actions += 1
        self._transport.write(data)
        return action_id

    def _match(self, message: Message) -> None:
        action_id = message.get("ActionID")
        pending = self._pending.get(action_id)
        if pending is None or action_id in self._lists:
            self.counters.unknown_responses += 1
        elif message.get("Response") == "Error":
            reason = message.get("Message", "no reason given")
            self._finish(action_id, pending, ActionRefused(f"{pending.name}: {reason}"))
        elif pending.items is None:
            self._finish(action_id, pending, message)
        elif message.get("EventList").lower() == "start":
            self._lists[action_id] = pending
        else:
            self._finish(action_id, pending, ActionRefused(f"{pending.name} does not answer with a list"))

    def _collect(self, message: Message) -> bool:
        """Whether the event is part of the answer to a list action (then it is kept there)."""
        action_id = message.get("ActionID")
        pending = self._lists.get(action_id)
        if pending is None or pending.items is None:
            return False
        match message.get("EventList").lower():
            case "complete":
                self._finish(action_id, pending, message)
            case "cancelled":
                self._finish(action_id, pending, ActionRefused(f"{pending.name}: Asterisk gave the list up"))
            case _:
                pending.items.append(message)
        return True

    def _finish(self, action_id: str, pending: _Pending, reply: Reply) -> None:
        self._forget(action_id, pending)
        self._reply(pending, reply)

    def _expire(self, action_id: str, pending: _Pending, timeout_s: float) -> None:
        self._finish(action_id, pending, ActionTimeout(f"{pending.name}, {timeout_s:g} s"))

    def _forget(self, action_id: str, pending: _Pending) -> None:
        if self._pending.get(action_id) is pending:
            del self._pending[action_id]
            self._lists.pop(action_id, None)
        if pending.timer is not None:
            pending.timer.cancel()

    def _reply(self, pending: _Pending, reply: Reply) -> None:
        try:
            pending.on_reply(reply)
        except Exception as error:
            self.fail(error)


def _settle(future: asyncio.Future[Reply], reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)
