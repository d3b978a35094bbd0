"""A link to one Asterisk's manager interface that comes back by itself and never says an action twice.

    async with AmiClient(address, credentials, on_event=..., on_state=...) as client:
        await client.connected.wait()
        channels = await client.list_action("CoreShowChannels")

What the owner may rely on:

* Events reach `on_event` in the order Asterisk sent them, synchronously, also while actions wait. The
  reader does nothing but cut, match and hand over. Asterisk drops slow readers, so be quick.
* An action is written at most once. When the link goes, every action without an answer ends in `LinkLost`
  at once; without a link an action ends in `NotConnected` at once. Nothing is queued for later.
* A link that is logged in and has seen `FullyBooted` is reported as `LinkUp` with the next generation number,
  before any of its events; the owner then lists the channels. AMI replays nothing: what happened between
  two links is only to be seen in that list.
* `LinkDown` comes after the last `LinkLost`, before the next try. `connected` is set while a link is up.
* An exception raised by a callback is the owner's bug: it ends `run` and comes out of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

from dialer.asterisk.errors import (
    ActionRefused,
    ActionTimeout,
    AmiError,
    LinkFailed,
    LinkSilent,
    LoginRefused,
    NotBooted,
    NotConnected,
    Unreachable,
)
from dialer.asterisk.link import Counters, Headers, Link, Reply
from dialer.asterisk.wire import Message

#: Seconds that a stopped client gives its last actions to leave.
_CLOSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a manager port is. `tls` for a `tlsbindaddr` port."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of manager.conf. The secret never travels: it answers Asterisk's MD5 challenge."""

    username: str
    secret: str = field(repr=False)
    #: The classes of events wanted. `system` brings FullyBooted, without which the link does not count as up;
    #: "" is for a user who may read nothing: no events, and the link is up once logged in.
    event_classes: str = "system,call,user"


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. A half-open link is noticed within `ping_every_s + ping_deadline_s`: 9 s."""

    connect_s: float = 5.0
    login_s: float = 5.0
    #: From log-in to FullyBooted: an Asterisk that has just been started loads its modules in 3-5 s.
    boot_s: float = 60.0
    action_s: float = 5.0
    list_s: float = 15.0
    ping_every_s: float = 4.0
    ping_deadline_s: float = 5.0
    #: The pause before the next try doubles from the first to the last; each is cut by up to half by chance.
    retry_first_s: float = 0.25
    retry_last_s: float = 5.0
    #: The first try after a link that stood so long begins with the shortest pause again.
    stable_s: float = 10.0


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Logged in and fully booted. List the channels now: what happened before is not told."""

    generation: int
    banner: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """A link ended (`was_up`) or could not be made. The next try begins in `retry_in_s`."""

    generation: int
    was_up: bool
    error: LinkFailed
    retry_in_s: float


LinkState = LinkUp | LinkDown


def _ignore(_: object) -> None:
    return


class AmiClient:
    """See the module. Use it with `async with`, or run `run()` as a task of the owner's TaskGroup."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        *,
        on_event: Callable[[Message], None],
        on_state: Callable[[LinkState], None] = _ignore,
        timings: Timings | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.address = address
        self.connected = asyncio.Event()
        #: Links that came up so far.
        self.generation = 0
        self.counters = Counters()
        self._credentials = credentials
        self._on_event = on_event
        self._on_state = on_state
        self._timings = timings or Timings()
        self._rng = rng or random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        #: The link that is up.
        self._link: Link | None = None
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._task = self._group.create_task(self.run(), name=f"ami {self.address}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._group is not None and self._task is not None:
            self._task.cancel()
            await self._group.__aexit__(kind, error, trace)

    async def action(
        self,
        name: str,
        headers: Headers = (),
        *,
        action_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Message:
        """Asterisk's response to the action, when it is not an error.

        Raises ActionRefused when it is; NotSent (UnsafeValue, NotConnected, Overloaded) when nothing was
        written; OutcomeUnknown (LinkLost, ActionTimeout) when it was: then look what happened, never repeat.
        """
        return await self._up().ask(
            name, headers, action_id=action_id, timeout_s=timeout_s or self._timings.action_s
        )

    async def list_action(
        self, name: str, headers: Headers = (), *, timeout_s: float | None = None
    ) -> list[Message]:
        """The events that answer a list action (`CoreShowChannels`, `BridgeList` ...); raises as `action`.

        They do not reach `on_event`. The caller resumes when everything read with the list's end has been
        delivered: an event seen before this returns may be newer than the list, and then it is right.
        """
        items: list[Message] = []
        await self._up().ask(name, headers, items=items, timeout_s=timeout_s or self._timings.list_s)
        return items

    def post(
        self,
        name: str,
        headers: Headers = (),
        *,
        on_reply: Callable[[Reply], None] = _ignore,
        action_id: str | None = None,
        timeout_s: float | None = None,
    ) -> str:
        """Write the action at once, without a task, and return its ActionID.

        `on_reply` is called once, synchronously: with the response, or with ActionRefused, LinkLost or
        ActionTimeout. NotSent is raised here. An `action_id` given must not be waiting for a response.
        """
        return self._up().post(
            name,
            headers,
            on_reply=on_reply,
            action_id=action_id,
            timeout_s=timeout_s or self._timings.action_s,
        )

    async def run(self) -> None:
        """Keep a link up until cancelled. Raises only what a callback raised."""
        timings, tries = self._timings, 0
        while True:
            generation, began = self.generation, time.monotonic()
            error = await self._live()
            was_up = self.generation > generation
            if was_up and time.monotonic() - began >= timings.stable_s:
                tries = 0
            pause_s = min(timings.retry_last_s, timings.retry_first_s * 2.0 ** min(tries, 16))
            pause_s *= self._rng.uniform(0.5, 1.0)
            tries += 1
            self.counters.failures += 1
            self._on_state(LinkDown(self.generation, was_up, error, pause_s))
            await asyncio.sleep(pause_s)

    def _up(self) -> Link:
        if self._link is None:
            raise NotConnected(str(self.address))
        return self._link

    async def _live(self) -> LinkFailed:
        """One link from connect to end; returns why it ended."""
        try:
            link = await self._connect()
        except LinkFailed as error:
            return error
        try:
            await self._log_in(link)
            await self._watch(link)
        except LinkFailed as error:
            link.drop(error)
        except AmiError as error:  # the link went, or stopped answering, during the log-in
            link.drop(LinkSilent(str(error)))
        finally:
            try:
                await link.close(_CLOSE_S)
            finally:
                self._link = None
                self.connected.clear()
                if link.crash is not None:
                    raise link.crash
        return link.lost.result()

    async def _connect(self) -> Link:
        address, timeout_s = self.address, self._timings.connect_s
        try:
            async with asyncio.timeout(timeout_s):
                _, link = await asyncio.get_running_loop().create_connection(
                    partial(Link, _ignore, self.counters),
                    address.host,
                    address.port,
                    ssl=address.tls,
                    server_hostname=address.host if address.tls else None,
                )
        except TimeoutError:
            raise Unreachable(f"{address}: no answer within {timeout_s:g} s") from None
        except OSError as error:
            raise Unreachable(f"{address}: {error}") from error
        return link

    async def _log_in(self, link: Link) -> None:
        """Until `LinkUp` has been reported. Raises why it could not be."""
        timings, user = self._timings, self._credentials
        booted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        link.on_event = partial(self._await_boot, link, booted)
        await _first(link, link.banner, timings.login_s, LinkSilent("it sent no banner"))
        try:
            challenge = await link.ask("Challenge", [("AuthType", "MD5")], timeout_s=timings.login_s)
            digest = hashlib.md5(
                (challenge.get("Challenge") + user.secret).encode(), usedforsecurity=False
            ).hexdigest()
            headers = [("AuthType", "MD5"), ("Username", user.username), ("Key", digest)]
            headers.append(("Events", user.event_classes or "off"))
            await link.ask("Login", headers, timeout_s=timings.login_s)
        except ActionRefused as error:
            raise LoginRefused(error.detail) from None
        if not user.event_classes:
            try:
                self._rise(link)
            except Exception as error:
                link.fail(error)
            return
        await _first(link, booted, timings.boot_s, NotBooted(f"{timings.boot_s:g} s after the log-in"))

    def _await_boot(self, link: Link, booted: asyncio.Future[None], message: Message) -> None:
        """Events of a link that is not up: none is delivered until `FullyBooted` makes it so."""
        if message.name == "FullyBooted" and not booted.done():
            booted.set_result(None)
            link.on_event = self._on_event
            self._rise(link)
            self._on_event(message)

    def _rise(self, link: Link) -> None:
        self._link = link
        self.generation += 1
        self.counters.links += 1
        self.connected.set()
        self._on_state(LinkUp(self.generation, link.parser.banner or ""))

    async def _watch(self, link: Link) -> None:
        """Ping until the link ends. TCP alone would hold on to a half-open link for minutes."""
        timings = self._timings
        while True:
            await asyncio.wait({link.lost}, timeout=timings.ping_every_s)
            if link.lost.done():
                return
            try:
                await link.ask("Ping", timeout_s=timings.ping_deadline_s)
            except ActionTimeout:
                raise LinkSilent(f"no answer to a ping in {timings.ping_deadline_s:g} s") from None


async def _first(link: Link, future: asyncio.Future[None], timeout_s: float, late: LinkFailed) -> None:
    """Wait for `future`; raises why the link ended if it does before, `late` if neither comes in time."""
    awaited: set[asyncio.Future[None] | asyncio.Future[LinkFailed]] = {future, link.lost}
    await asyncio.wait(awaited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    if not future.done():
        raise link.lost.result() if link.lost.done() else late
