"""What the MQTT mirror promises: on mosquitto, on an in-process broker, and on none at all."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import types
import typing
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from itertools import pairwise

import aiomqtt
import iotcore
import pytest

from dialer import mqtt
from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId, LegId, PhoneNumber
from dialer.mqtt import MAX_EVENTS, PUBLISHED, Broker, MqttMirror, topic_of
from lab.broker import find_broker
from lab.child import free_tcp_port

T0 = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ATTEMPT = AttemptId("01KA000000000000000000ATT1")
BASE = "cadencia/v1/norte/nodo-1"


# --- nothing personal leaves ------------------------------------------------------------------------------

NUMBER = "18095550198"
NAMED = "Ana Pérez"
WORD = "zanahoria"  # looks like one of our codes
PRIVATE_ID = 918273645
#: Fields that may hold a word of ours: these must not let anything else through.
CODES = {"reason", "policy", "explain", "rule", "error"}
PRIVATE_IDS = {"person_id", "phone_id", "lead_id", "lead_ids", "user_id", "intent_id", "callback_agent_id"}


def poison(kind: object, name: str) -> object:
    """A value of this type that must not be seen outside."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, typing.NewType):
        return f"leg-{ATTEMPT}" if kind is LegId else ATTEMPT
    if origin in (types.UnionType, typing.Union):
        return poison(args[0], name)
    if origin is tuple:
        return (poison(args[0], name),)
    if origin is dict:
        return {
            "limit": f"+{NUMBER}",
            "why": NAMED,
            NUMBER: 1.0,
            NAMED: True,
            "ratio": 1.5,
            "limit_name": "lines",
        }
    if isinstance(kind, type):
        if kind is PhoneNumber:
            return PhoneNumber(f"+{NUMBER}")
        if is_dataclass(kind):
            return build(kind)
        if issubclass(kind, Enum):
            return next(iter(kind))
        if kind is datetime:
            return T0
        if kind is date:
            return T0.date()
        if kind is str:
            if name in ("id", "trunk"):
                return ATTEMPT if name == "id" else "telco"
            return f"{NAMED} +{NUMBER}" if name in CODES else WORD
        if kind is int:
            return PRIVATE_ID if name in PRIVATE_IDS else 7
        if kind in (float, bool):
            return kind(1)
    raise AssertionError(f"{name}: teach this test the type {kind}")


def build(kind: type) -> typing.Any:
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: poison(hints[field.name], field.name) for field in fields(kind)})


def fact_kinds() -> list[type[f.Fact]]:
    return [kind for kind in vars(f).values() if isinstance(kind, type) and issubclass(kind, f.Fact)][1:]


def test_each_kind_of_fact_has_been_thought_of() -> None:
    assert set(PUBLISHED) == set(fact_kinds()) == set(typing.get_args(f.AnyFact))


@pytest.mark.parametrize("kind", fact_kinds(), ids=lambda kind: kind.__name__)
async def test_no_number_name_or_note_leaves(kind: type[f.Fact]) -> None:
    mirror = MqttMirror("mqtt://127.0.0.1", site="norte", node="nodo-1")
    mirror.publish([build(kind)])
    sent = [(topic, payload) for topic, payload in mirror._events]
    sent += [(topic, state.payload) for topic, state in mirror._states.items()]
    assert len(sent) == (PUBLISHED[kind] is not None)
    for topic, payload in sent:
        text = topic + payload.decode()
        for secret in (NUMBER, NUMBER[-7:], "Ana", "Pérez", WORD, str(PRIVATE_ID)):
            assert secret not in text, f"{kind.__name__} lets {secret} out: {text}"
        assert {"v", "id", "ts", "seq", "type"} <= set(json.loads(payload))


# --- brokers ----------------------------------------------------------------------------------------------


@dataclass
class Running:
    """A broker that can be taken away and given back, empty, at the same address."""

    url: str
    start: Callable[[], typing.Awaitable[None]]
    stop: Callable[[], typing.Awaitable[None]]


@asynccontextmanager
async def mosquitto() -> AsyncIterator[Running]:
    broker = find_broker()
    assert broker is not None, "mosquitto is missing: apt-get install mosquitto"
    await broker.start()
    try:
        url = f"mqtt://{broker.user}:{broker.password}@{broker.host}:{broker.port}"
        yield Running(url, broker.start, broker.stop)
    finally:
        await broker.stop()


@asynccontextmanager
async def in_process() -> AsyncIterator[Running]:
    port = free_tcp_port()
    broker = iotcore.Broker(port=port, listen="127.0.0.1")

    async def start() -> None:
        await asyncio.to_thread(broker.start)

    async def stop() -> None:
        await asyncio.to_thread(broker.stop)

    await start()
    try:
        yield Running(f"mqtt://127.0.0.1:{port}", start, stop)
    finally:
        await stop()


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.integration), "iotcore"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with mosquitto() if request.param == "mosquitto" else in_process() as running:
        yield running


@asynccontextmanager
async def mirroring(url: str) -> AsyncIterator[MqttMirror]:
    mirror = MqttMirror(url, site="norte", node="nodo-1")
    task = asyncio.create_task(mirror.run())
    try:
        async with asyncio.timeout(5):
            await mirror.connected.wait()
        yield mirror
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Seen:
    topic: str
    payload: bytes
    retain: bool
    at_s: float

    @property
    def content(self) -> dict[str, typing.Any]:
        return json.loads(self.payload)


class Listener:
    """Another system: everything below our root, in order of arrival."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.news = asyncio.Event()

    def of(self, tail: str) -> list[Seen]:
        return [message for message in self.seen if message.topic == f"{BASE}/{tail}"]

    async def until(self, condition: Callable[[], object], within_s: float = 5.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listener]:
    parsed = Broker.parse(url)
    listener = Listener()

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            listener.seen.append(Seen(message.topic.value, message.payload, message.retain, time.monotonic()))
            listener.news.set()

    async with aiomqtt.Client(
        parsed.host, parsed.port, username=parsed.user, password=parsed.password
    ) as client:
        await client.subscribe("cadencia/#", qos=1)
        task = asyncio.create_task(listen(client))
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def campaign(state: CampaignState, id_: int = 3, at: datetime = T0) -> f.CampaignMoved:
    return f.CampaignMoved(at=at, campaign_id=id_, state=state, reason="by_hand")


def agent(state: AgentState, id_: int = 5) -> f.AgentMoved:
    return f.AgentMoved(at=T0, agent_id=id_, state=state, leg_up=True)


def pacing(calls: int) -> f.PacingDecided:
    return f.PacingDecided(
        at=T0, campaign_id=3, policy="predictive", calls=calls, explain={"limit": "lines", "p_answer": 0.25}
    )


def a_call(attempt_id: AttemptId = ATTEMPT) -> list[f.AnyFact]:
    moved = f.AttemptMoved(at=T0, attempt_id=attempt_id, campaign_id=3, state=CallState.ORIGINATING)
    return [
        moved,
        replace(moved, state=CallState.RINGING),
        replace(moved, state=CallState.BRIDGED, agent_id=5, connect_ms=4.2),
        f.AttemptEnded(
            at=T0,
            attempt_id=attempt_id,
            campaign_id=3,
            lead_id=11,
            phone_id=12,
            outcome=Outcome.CONNECTED,
            burnt=True,
        ),
    ]


# --- the suite --------------------------------------------------------------------------------------------


async def test_who_comes_later_finds_the_states(broker: Running) -> None:
    async with mirroring(broker.url) as mirror:
        mirror.publish([campaign(CampaignState.RUNNING), pacing(4), agent(AgentState.READY)])
        mirror.publish([agent(AgentState.ON_CALL)])
        async with listening(broker.url) as first:
            await first.until(lambda: len({message.topic for message in first.seen}) == 4)
        async with listening(broker.url) as late:
            await late.until(lambda: len(late.seen) == 4)
        assert all(message.retain for message in late.seen)
        assert late.of("status")[0].content["status"] == "online"
        state = late.of("campaign/3/state")[0].content
        assert (state["v"], state["type"], state["state"], state["reason"], state["seq"]) == (
            1,
            "CampaignMoved",
            "running",
            "by_hand",
            1,
        )
        assert state["ts"] == "2026-11-20T15:00:00Z"
        assert len(state["id"]) == 26
        assert late.of("agent/5/state")[0].content["state"] == "on_call"
        assert late.of("agent/5/state")[0].content["seq"] == 2
        decided = late.of("campaign/3/pacing")[0].content
        assert (decided["calls"], decided["explain"]) == (4, {"limit": "lines", "p_answer": 0.25})


async def test_a_call_is_told_step_by_step_and_forgotten(broker: Running) -> None:
    async with mirroring(broker.url) as mirror:
        async with listening(broker.url) as listener:
            mirror.publish(a_call())
            await listener.until(lambda: len(listener.of(f"call/{ATTEMPT}/event")) == 4)
        steps = [message.content for message in listener.of(f"call/{ATTEMPT}/event")]
        assert [step["seq"] for step in steps] == [1, 2, 3, 4]
        assert [step.get("state") for step in steps] == ["originating", "ringing", "bridged", None]
        assert (steps[2]["agent_id"], steps[2]["connect_ms"]) == (5, 4.2)
        assert steps[3]["outcome"] == "connected"
        assert len({step["id"] for step in steps}) == 4
        async with listening(broker.url) as late:
            await late.until(lambda: late.of("status"))
            assert late.of(f"call/{ATTEMPT}/event") == []


async def test_pacing_is_told_once_a_second_and_the_newest_wins(broker: Running) -> None:
    async with listening(broker.url) as listener, mirroring(broker.url) as mirror:
        for calls in range(1, 26):
            mirror.publish([pacing(calls)])
            await asyncio.sleep(0.05)
        told = listener.of("campaign/3/pacing")
        await listener.until(lambda: listener.of("campaign/3/pacing")[-1].content["calls"] == 25, 2)
        told = listener.of("campaign/3/pacing")
        assert 2 <= len(told) <= 4
        assert told[-1].content["seq"] == 25
        gaps_s = [after.at_s - before.at_s for before, after in pairwise(told)]
        assert min(gaps_s) > 0.9


async def test_the_pacing_of_a_paused_campaign_is_cleared(broker: Running) -> None:
    async with mirroring(broker.url) as mirror:
        mirror.publish([campaign(CampaignState.RUNNING), pacing(4)])
        async with listening(broker.url) as listener:
            await listener.until(lambda: listener.of("campaign/3/pacing"))
            mirror.publish([campaign(CampaignState.PAUSED)])
            await listener.until(lambda: len(listener.of("campaign/3/pacing")) == 2)
            assert listener.of("campaign/3/pacing")[-1].payload == b""
        async with listening(broker.url) as late:
            await late.until(lambda: late.of("campaign/3/state"))
            assert late.of("campaign/3/pacing") == []


async def test_who_leaves_in_order_says_offline(broker: Running) -> None:
    async with listening(broker.url) as listener:
        async with mirroring(broker.url):
            await listener.until(lambda: listener.of("status"))
        await listener.until(lambda: len(listener.of("status")) == 2, 2)
    assert [message.content["status"] for message in listener.of("status")] == ["online", "offline"]


async def test_the_broker_speaks_the_will_of_who_is_killed(broker: Running) -> None:
    program = (
        "import asyncio, sys; from dialer.mqtt import MqttMirror\n"
        "asyncio.run(MqttMirror(sys.argv[1], site='norte', node='nodo-1').run())"
    )
    async with listening(broker.url) as listener:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, broker.url, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            await listener.until(lambda: listener.of("status"), 15)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await listener.until(lambda: len(listener.of("status")) == 2)
    assert listener.of("status")[-1].content["status"] == "offline"


async def test_a_broker_that_comes_back_empty_is_told_every_state(broker: Running) -> None:
    """F14 of the fault list: states right within 5 s, and nobody waited meanwhile."""
    async with mirroring(broker.url) as mirror:
        mirror.publish([campaign(CampaignState.RUNNING), agent(AgentState.READY), pacing(2)])
        async with listening(broker.url) as listener:
            await listener.until(lambda: listener.of("agent/5/state"))
        await broker.stop()
        slowest_s = 0.0
        for turn in range(200):
            batch = [
                *a_call(),
                campaign(CampaignState.RUNNING, at=T0 + timedelta(seconds=turn)),
                pacing(turn),
            ]
            began = time.perf_counter()
            mirror.publish(batch)
            slowest_s = max(slowest_s, time.perf_counter() - began)
            await asyncio.sleep(0.002)
        mirror.publish([agent(AgentState.ON_CALL)])
        assert slowest_s < 1.0
        await broker.start()
        back_s = time.monotonic()
        async with listening(broker.url) as listener:
            await listener.until(lambda: listener.of("campaign/3/state") and listener.of("agent/5/state"))
            assert time.monotonic() - back_s <= 5
            await listener.until(lambda: listener.of("campaign/3/pacing"))
        assert listener.of("status")[-1].content["status"] == "online"
        assert listener.of("agent/5/state")[-1].content["state"] == "on_call"
        assert listener.of("campaign/3/state")[-1].content["seq"] == 201
        assert listener.of("campaign/3/pacing")[-1].content["calls"] == 199


async def test_a_restart_takes_its_name_back(broker: Running) -> None:
    """The old connection of a dead process must not speak its will after the birth of the new one."""
    async with mirroring(broker.url), listening(broker.url) as listener, mirroring(broker.url):
        await asyncio.sleep(0.1)
        await listener.until(lambda: len(listener.of("status")) >= 2)
        assert listener.of("status")[-1].content["status"] == "online"


# --- no broker, a deaf one, a wrong address -----------------------------------------------------------------


async def test_without_a_broker_the_oldest_events_go_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "MAX_EVENTS", 10)
    mirror = MqttMirror(f"mqtt://127.0.0.1:{free_tcp_port()}", node="nodo-1")
    task = asyncio.create_task(mirror.run())
    for _ in range(5):
        mirror.publish(a_call())
        await asyncio.sleep(0.05)
    assert mirror.dropped == 10
    assert [json.loads(payload)["seq"] for _, payload in mirror._events] == list(range(11, 21))
    task.cancel()
    began = time.monotonic()
    await asyncio.gather(task, return_exceptions=True)
    assert time.monotonic() - began < 5
    assert MAX_EVENTS > 1000


async def test_a_deaf_broker_delays_nobody() -> None:
    """It takes the connection and never says a word."""

    ended = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mirror = MqttMirror(f"mqtt://127.0.0.1:{port}", node="nodo-1")
    task = asyncio.create_task(mirror.run())
    slowest_s = 0.0
    for _ in range(100):
        began = time.perf_counter()
        mirror.publish(a_call())
        await asyncio.sleep(0.001)
        slowest_s = max(slowest_s, time.perf_counter() - began)
    assert slowest_s < 1.0
    assert not mirror.connected.is_set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(2):
        await ended.wait()  # our end is not left open
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:1883", "http://host", "mqtt://", "mqtt://u:hidden@host:99999", "mqtt://u:hidden@host:x"],
)
def test_a_wrong_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BadInput, match="CADENCIA_MQTT_URL") as caught:
        MqttMirror(url)
    assert "hidden" not in str(caught.value)


def test_an_address_is_taken_apart() -> None:
    broker = Broker.parse("mqtts://cadencia:p%40ss@broker.example.com")
    assert broker == Broker("broker.example.com", 8883, True, "cadencia", "p@ss")
    assert "p@ss" not in repr(broker)


@pytest.mark.parametrize("level", ["", "a/b", "#", "+", "x" * 64, "nodo\x00"])
def test_a_name_that_would_bend_a_topic_is_refused(level: str) -> None:
    with pytest.raises(BadInput, match="MQTT site"):
        MqttMirror("mqtt://127.0.0.1", site=level)


def test_what_is_not_published_has_no_topic() -> None:
    with pytest.raises(ValueError, match="SwitchMoved"):
        topic_of(f.SwitchMoved(at=T0, up=True))
