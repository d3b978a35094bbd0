"""Committed facts outwards to an MQTT broker, for wallboards and other systems: a mirror, never the truth.

```
cadencia/v1/<site>/<node>/status               retained   online | offline (birth, last will)
cadencia/v1/<site>/<node>/campaign/<id>/state   retained   state, reason
cadencia/v1/<site>/<node>/campaign/<id>/pacing  retained   the last decision, at most one a second
cadencia/v1/<site>/<node>/agent/<id>/state      retained   state, reason, the call he is in
cadencia/v1/<site>/<node>/call/<id>/event       passing    one message for each step of a call
```
Payloads are JSON with `v`, `id` (ULID), `ts` (RFC 3339, UTC) and `seq`, which counts per topic from the start of
the process: a hole means that messages were merged (states) or dropped (calls). An empty payload clears a topic.

What is sent of each kind of fact is an allow-list, `PUBLISHED`: ids, states and figures. No number, name or note,
and not the agent's disposition either, which says something about the debtor.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import orjson
import structlog
from aiomqtt import Client, MqttError, Will

from dialer.domain import facts as f
from dialer.domain.campaign import CampaignState
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.domain.values import mint_ulid

log = structlog.get_logger()

ROOT: Final = "cadencia/v1"
VERSION: Final = 1
#: Call events kept for a slow or absent broker; then the oldest goes. About a minute of a busy shard, 5 MB.
MAX_EVENTS = 10_000
#: Topics whose `seq` is remembered: calls under way, and those whose agent may still say what came of them.
MAX_CALLS = 2_000
#: Call events sent before the states are looked at again.
MAX_RUN = 50
#: How long news gathers before it is sent: a message among ten costs half of what it costs alone.
GATHER_S = 0.05
#: Most often a retained pacing topic is sent.
PACING_EVERY_S = 1.0
#: The pause before the next connection doubles from the first to the last; each is cut by up to half by chance.
RETRY_FIRST_S, RETRY_LAST_S = 0.25, 2.0
#: What the broker may take to accept a connection or a message.
BROKER_TIMEOUT_S = 5.0
#: The broker calls us offline after one and a half of these without a word.
KEEP_ALIVE_S = 10
#: How long a stopping process waits to say goodbye.
GOODBYE_S = 1.0

#: A reason, a limit's name: a word of ours. Free text of a person is not published.
_WORD = re.compile(r"[a-z][a-z_]{0,39}")
_LEVEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")

Fields = dict[str, object]

#: The library warns of each connection that could not be closed in order; that one was lost is told below, once.
_LIBRARY_LOG = logging.getLogger("dialer.mqtt.client")
_LIBRARY_LOG.setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Broker:
        """`mqtt://[user:password@]host[:port]`, or mqtts:// with TLS. Raises BadInput, never showing the password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BadInput("CADENCIA_MQTT_URL: the port is not a number from 1 to 65535") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise BadInput("CADENCIA_MQTT_URL must look like mqtt://user:password@host:1883 (or mqtts://)")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            port or (8883 if tls else 1883),
            tls,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[None]:
        """Log in, subscribe and publish nothing, and leave. Raises MqttError when we are not let in."""
        tls = ssl.create_default_context() if self.tls else None
        client = Client(
            self.host,
            self.port,
            username=self.user,
            password=self.password,
            logger=_LIBRARY_LOG,
            timeout=math.inf,
            tls_context=tls,
        )
        async with _connection(client):
            yield


# --- what is said of each fact ----------------------------------------------------------------------------


def _word(text: str | None) -> str | None:
    return text if text is not None and _WORD.fullmatch(text) else None


def _campaign(fact: f.CampaignMoved) -> Fields:
    return {"state": fact.state, "reason": _word(fact.reason)}


def _pacing(fact: f.PacingDecided) -> Fields:
    explain = {
        key: value
        for key, value in fact.explain.items()
        if _WORD.fullmatch(key) and (not isinstance(value, str) or _WORD.fullmatch(value))
    }
    return {"policy": _word(fact.policy), "calls": fact.calls, "explain": explain}


def _agent(fact: f.AgentMoved) -> Fields:
    return {
        "state": fact.state,
        "reason": _word(fact.reason),
        "leg_up": fact.leg_up,
        "attempt_id": fact.attempt_id,
    }


def _planned(fact: f.AttemptPlanned) -> Fields:
    attempt = fact.attempt
    return {
        "campaign_id": attempt.campaign_id,
        "n": attempt.n,
        "mode": attempt.mode,
        "trunk": attempt.trunk,
        "agent_id": attempt.agent_id,
    }


def _moved(fact: f.AttemptMoved) -> Fields:
    return {
        "campaign_id": fact.campaign_id,
        "state": fact.state,
        "agent_id": fact.agent_id,
        "connect_ms": fact.connect_ms,
    }


def _abandoned(fact: f.CallAbandoned) -> Fields:
    return {
        "campaign_id": fact.campaign_id,
        "answered_at": fact.answered_at,
        "deadline_at": fact.deadline_at,
    }


def _ended(fact: f.AttemptEnded) -> Fields:
    return {
        "campaign_id": fact.campaign_id,
        "outcome": fact.outcome,
        "q850": fact.q850,
        "sip_status": fact.sip_status,
        "hung_up_by": fact.hung_up_by,
    }


def _disposed(fact: f.AttemptDisposed) -> Fields:
    return {"agent_id": fact.agent_id}


def _notice(fact: f.NoticeGiven) -> Fields:
    return {"spoken": fact.spoken}


def _nothing_more(_: f.Fact) -> Fields:
    return {}


#: Fact -> what may leave. None: nothing at all. A fact that is not here is not published either; a test says so.
PUBLISHED: dict[type[f.Fact], Callable[[Any], Fields] | None] = {
    f.AttemptPlanned: _planned,
    f.AttemptMoved: _moved,
    f.CallAbandoned: _abandoned,
    f.AttemptEnded: _ended,
    f.AttemptDisposed: _disposed,
    f.NoticeGiven: _notice,
    f.RecordingBegan: _nothing_more,
    f.RecordingRefused: _nothing_more,
    f.RecordingClosed: _nothing_more,
    f.AgentMoved: _agent,
    f.CampaignMoved: _campaign,
    f.PacingDecided: _pacing,
    f.PacingKept: None,
    f.CallScreened: None,
    f.ScreeningCorrected: None,
    f.TextSpoken: None,
    f.ScreenerMoved: None,
    f.ContactCeased: None,
    f.ScriptStepped: None,
    f.LeadMoved: None,
    f.LeadsReturned: None,
    f.IntentSettled: None,
    f.SwitchMoved: None,
    f.TrunkStopped: None,
    f.ShardStarted: None,
}


def topic_of(fact: f.AnyFact) -> tuple[str, bool]:
    """The topic below the node's, and whether it is a retained state."""
    match fact:
        case f.CampaignMoved():
            return f"campaign/{fact.campaign_id}/state", True
        case f.PacingDecided():
            return f"campaign/{fact.campaign_id}/pacing", True
        case f.AgentMoved():
            return f"agent/{fact.agent_id}/state", True
        case f.AttemptPlanned():
            return f"call/{fact.attempt.id}/event", False
        case (
            f.AttemptMoved()
            | f.CallAbandoned()
            | f.AttemptEnded()
            | f.AttemptDisposed()
            | f.NoticeGiven()
            | f.RecordingBegan()
            | f.RecordingRefused()
            | f.RecordingClosed()
        ):
            return f"call/{fact.attempt_id}/event", False
        case _:
            raise ValueError(f"{type(fact).__name__} has no topic")


# --- the mirror -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _State:
    """A retained topic: what it should say, which `seq` that is, and when it may be sent again (monotonic, s)."""

    payload: bytes
    seq: int
    not_before: float = 0.0


class MqttMirror:
    """`ports.Publisher` on a broker that may be slow, away, or come back empty.

    `publish` only takes notes; `run` keeps the connection. States are merged to their newest and all sent again
    on each new connection, so they are right within seconds; call events are queued and dropped when too many.
    """

    def __init__(self, url: str, *, site: str = "main", node: str | None = None) -> None:
        """`node` (default: the host's name) must be this process's own: the broker knows one client by it.

        Raises BadInput when the address, `site` or `node` can't be used.
        """
        self.broker = Broker.parse(url)
        node = node or socket.gethostname()
        for name, level in (("site", site), ("node", node)):
            if not _LEVEL.fullmatch(level):
                raise BadInput(f"MQTT {name} {level[:80]!r}: use 1 to 63 letters, digits, '.', '_' and '-'")
        self.base = f"{ROOT}/{site}/{node}"
        self._tls = ssl.create_default_context() if self.broker.tls else None
        self.connected = asyncio.Event()
        #: Call events that no broker took in time.
        self.dropped = 0
        # Fixed: a broker that still holds our last connection ends that one first, last will and all, and our
        # birth comes after it.
        self._identifier = f"cadencia-{site}-{node}"
        self._rng = random.Random()  # noqa: S311 - spreads reconnects and fills message ids, guards nothing
        self._events: deque[tuple[str, bytes]] = deque(maxlen=MAX_EVENTS)
        self._call_seqs: dict[str, int] = {}
        self._states: dict[str, _State] = {}
        #: Retained topics that the broker has not got yet, in order.
        self._stale: dict[str, None] = {}
        self._status_seq = 0
        self._news = asyncio.Event()

    def publish(self, facts: Sequence[f.AnyFact]) -> None:
        """Take a committed batch; returns at once."""
        for fact in facts:
            select = PUBLISHED.get(type(fact))
            if select is None:
                continue
            tail, retained = topic_of(fact)
            topic = f"{self.base}/{tail}"
            content = {"type": type(fact).__name__, **select(fact)}
            if retained:
                self._keep(topic, fact.at, content)
                if isinstance(fact, f.CampaignMoved) and fact.state is not CampaignState.RUNNING:
                    self._clear(f"{self.base}/campaign/{fact.campaign_id}/pacing")
            else:
                self._queue(topic, fact.at, content)
                if isinstance(fact, f.AttemptEnded) and fact.outcome is not Outcome.CONNECTED:
                    del self._call_seqs[topic]  # its last word
        self._news.set()

    def _keep(self, topic: str, at: datetime, content: Fields) -> None:
        state = self._states.get(topic)
        if state is None:
            state = self._states[topic] = _State(b"", 0)
        state.seq += 1
        state.payload = self._payload(at, state.seq, content)
        self._stale[topic] = None

    def _clear(self, topic: str) -> None:
        if topic in self._states:
            self._states[topic].payload = b""
            self._stale[topic] = None

    def _queue(self, topic: str, at: datetime, content: Fields) -> None:
        seq = self._call_seqs.pop(topic, 0) + 1
        self._call_seqs[topic] = seq
        if len(self._call_seqs) > MAX_CALLS:
            del self._call_seqs[next(iter(self._call_seqs))]
        self.dropped += len(self._events) == self._events.maxlen
        self._events.append((topic, self._payload(at, seq, content)))

    def _payload(self, at: datetime, seq: int, content: Fields) -> bytes:
        head = {"v": VERSION, "id": mint_ulid(at, self._rng), "ts": at, "seq": seq}
        return orjson.dumps({**head, **content}, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)

    def _status(self, status: str) -> bytes:
        self._status_seq += 1
        return self._payload(datetime.now(UTC), self._status_seq, {"status": status})

    # --- the connection -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a connection until cancelled; then say `offline` and go."""
        pause_s, told = RETRY_FIRST_S, False
        while True:
            try:
                async with _connection(self._client()) as client:
                    log.info("mqtt_connected", host=self.broker.host, port=self.broker.port)
                    pause_s, told = RETRY_FIRST_S, False
                    await self._live(client)
            except* MqttError as errors:
                why = str(errors.exceptions[0])
                if not told:
                    log.warning("mqtt_lost", host=self.broker.host, port=self.broker.port, why=why)
                told = True
            finally:
                self.connected.clear()
            await asyncio.sleep(pause_s * self._rng.uniform(0.5, 1.0))
            pause_s = min(RETRY_LAST_S, pause_s * 2)

    def _client(self) -> Client:
        """A new one for each connection: one that timed out can't be used again."""
        broker = self.broker
        # The will is spoken by the broker later, but dated now: nobody knows when a process will die.
        will = Will(f"{self.base}/status", self._status("offline"), qos=1, retain=True)
        return Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=self._identifier,
            will=will,
            # Our own deadlines instead: on Python 3.11 those of aiomqtt (asyncio.wait_for) may swallow a cancellation.
            logger=_LIBRARY_LOG,
            timeout=math.inf,
            keepalive=KEEP_ALIVE_S,
            tls_context=self._tls,
        )

    async def _live(self, client: Client) -> None:
        """Birth, every state, then what comes, until the connection ends (MqttError) or we do."""
        try:
            await _put(client, f"{self.base}/status", self._status("online"), retain=True, qos=1)
            self._stale = dict.fromkeys(self._states)
            self.connected.set()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(client), name="mqtt sender")
                group.create_task(_watch(client), name="mqtt watch")
        except asyncio.CancelledError:
            await self._say_goodbye(client)
            raise

    async def _say_goodbye(self, client: Client) -> None:
        """A connection that is closed in order leaves no will, so say it."""
        try:
            status = self._status("offline")
            await _put(client, f"{self.base}/status", status, retain=True, qos=1, timeout_s=GOODBYE_S)
        except MqttError as error:
            log.info("mqtt_goodbye_lost", why=str(error))

    async def _send(self, client: Client) -> None:
        while True:
            self._news.clear()
            wait_s = await self._send_states(client)
            # Taken before they are sent: of a message whose fate is unknown, none is better than two.
            await _put_all(client, [self._events.popleft() for _ in range(min(len(self._events), MAX_RUN))])
            if self._events:
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(GATHER_S)

    async def _send_states(self, client: Client) -> float | None:
        """Send every state that may go now; the seconds until the next may, None when none waits."""
        wait_s: float | None = None
        run: list[tuple[str, bytes]] = []
        for topic in list(self._stale):
            state = self._states[topic]
            now = time.monotonic()
            if state.payload and state.not_before > now:
                pause_s = state.not_before - now
                wait_s = pause_s if wait_s is None else min(wait_s, pause_s)
                continue
            if topic.endswith("/pacing"):
                state.not_before = now + PACING_EVERY_S
            del self._stale[topic]
            run.append((topic, state.payload))
        # What does not get through is sent again on the next connection.
        for start in range(0, len(run), MAX_RUN):
            await _put_all(client, run[start : start + MAX_RUN], retain=True)
        return wait_s


@asynccontextmanager
async def _connection(client: Client) -> AsyncIterator[Client]:
    """The client, connected, and closed in bounded time however this ends. Raises MqttError."""
    try:
        async with asyncio.timeout(BROKER_TIMEOUT_S):
            await client.__aenter__()
    except MqttError:
        raise
    except BaseException as error:
        # Stopped while it waited for the broker's word: aiomqtt's future of that word is cancelled now, and it
        # would stumble over it (as it does not after its own deadline) instead of closing the socket.
        client._connected = asyncio.get_running_loop().create_future()
        await _close(client)
        if isinstance(error, TimeoutError):
            raise MqttError(f"no answer within {BROKER_TIMEOUT_S:g} s") from None
        raise
    try:
        yield client
    finally:
        await _close(client)


async def _close(client: Client) -> None:
    with suppress(MqttError, TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            await client.__aexit__(None, None, None)


async def _put(
    client: Client,
    topic: str,
    payload: bytes,
    *,
    retain: bool = False,
    qos: int = 0,
    timeout_s: float = BROKER_TIMEOUT_S,
) -> None:
    """Send one message, then give the loop a turn: a message that the socket takes at once would not."""
    try:
        async with asyncio.timeout(timeout_s):
            await client.publish(topic, payload, qos, retain)
    except TimeoutError:
        raise MqttError(f"a message was not taken within {timeout_s:g} s") from None
    await asyncio.sleep(0)


async def _put_all(client: Client, messages: Sequence[tuple[str, bytes]], *, retain: bool = False) -> None:
    """Send messages in their order, all under way at once, then give the loop a turn."""
    try:
        async with asyncio.timeout(BROKER_TIMEOUT_S), asyncio.TaskGroup() as group:
            for topic, payload in messages:
                group.create_task(client.publish(topic, payload, 0, retain))
    except TimeoutError:
        raise MqttError(f"messages were not taken within {BROKER_TIMEOUT_S:g} s") from None
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # one link, so one reason
    await asyncio.sleep(0)


async def _watch(client: Client) -> None:
    """Raises MqttError when the connection ends; nothing is subscribed to, so nothing else comes."""
    async for _ in client.messages:
        pass
