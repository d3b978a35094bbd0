"""The engine's orders on a real Asterisk: what each of them comes back as, and what the telco saw of it."""

from __future__ import annotations

import asyncio
import random
import socket
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
import pytest
import pytest_asyncio
from ami_harness import until
from fake_ami import Wire, actions_in, listening

from dialer.asterisk.client import Address, Credentials
from dialer.asterisk.switch import AsteriskSwitch, SwitchSettings
from dialer.domain.campaign import DialMode
from dialer.domain.commands import (
    Bridge,
    ConnectLeg,
    HangUpCall,
    HangUpLeg,
    Originate,
    PlayNotice,
    StartRecording,
    StopRecording,
    SwitchCommand,
)
from dialer.domain.events import (
    AnyEvent,
    BridgeFailed,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallParked,
    CallRang,
    ChannelsListed,
    CustomerHeld,
    Event,
    LegHungUp,
    LegParked,
    LiveChannel,
    MessageBegan,
    NoticeEnded,
    OriginateFailed,
    RecorderStarted,
    SwitchDown,
    SwitchUp,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.values import Attempt, AttemptId, LegId, PhoneNumber, Verdict, mint_ulid
from dialer.store.database import upgrade
from lab.accounts import mint_accounts
from lab.asterisk import Database, Phones, Switch, Telco, Trunk
from lab.asterisk_root import asterisk_root
from lab.child import free_tcp_port
from lab.observer import Observer
from lab.postgres import DATABASE, Postgres
from lab.shift import AGENT_HZ, CUSTOMER_HZ, tone_share

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

# Numbers by what the telco does with them.
TONE_AT_ONCE, TONE_AFTER_1_S, NEVER_ANSWERS, BUSY = "98", "99", "40", "50"
CALLER_ID = "18095550100"
_IDS = random.Random(22)

Kind = TypeVar("Kind", bound=Event)


@dataclass
class Lab:
    postgres: Postgres
    telco: Telco
    switch: Switch
    phones: Phones
    #: SIP users whose telephones are registered.
    agents: Sequence[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    root = await asyncio.to_thread(asterisk_root)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        async with Postgres() as postgres, Telco(root) as telco:
            await upgrade(postgres.dsn)
            password = await postgres.login_role("switch_reader")
            database = Database(postgres.host, postgres.port, DATABASE, "switch_reader", password)
            trunks = [telco.trunk(), Trunk("silent", *silent.getsockname())]
            accounts = await mint_accounts(postgres.dsn, 2)
            async with (
                Switch(root, database=database, trunks=trunks) as switch,
                Phones(root, switch, accounts) as phones,
            ):
                await phones.registered(switch)
                yield Lab(postgres, telco, switch, phones, [account.user for account in accounts])


@dataclass
class Desk:
    """The engine's side of the port: it orders, and hears."""

    lab: Lab
    wire: Wire
    switch: AsteriskSwitch
    heard: list[AnyEvent]

    def order(self, *commands: SwitchCommand) -> None:
        for command in commands:
            self.switch.execute(command)

    async def hear(self, kind: type[Kind], of: str = "", *, nth: int = 1, within_s: float = 5.0) -> Kind:
        """The `nth` event of this kind about this attempt or leg, once it is there."""
        found: list[Kind] = []

        def seen() -> bool:
            found[:] = [e for e in self.heard if isinstance(e, kind) and (not of or of in ids(e))]
            return len(found) >= nth

        try:
            await until(seen, within_s=within_s)
        except TimeoutError:
            raise TimeoutError(f"no {kind.__name__} of {of or 'anybody'}; heard: {self.heard}") from None
        return found[nth - 1]

    def about(self, channel: str) -> list[type[AnyEvent]]:
        """What was heard about an attempt or a leg, in order."""
        return [type(event) for event in self.heard if channel in ids(event)]

    async def nail_up(self, agent: int = 0) -> LegId:
        """A leg to this agent's telephone, in its waiting room."""
        leg = LegId(f"leg-{new_id()}")
        self.order(ConnectLeg(leg, self.lab.agents[agent]))
        await self.hear(LegParked, leg)
        return leg

    async def answered(self, ending: str = TONE_AT_ONCE, **changes: object) -> AttemptId:
        """A customer who has answered and waits."""
        call = attempt(ending, **changes)
        self.order(Originate(call))
        await self.hear(CallParked, call.id)
        return call.id

    async def connected(self, leg: LegId) -> AttemptId:
        """A customer in conversation with the agent at this leg."""
        call = await self.answered()
        self.order(Bridge(call, leg))
        await self.hear(CallBridged, call)
        return call


def ids(event: Event) -> set[str]:
    """The attempts and legs an event is about."""
    return {str(getattr(event, name)) for name in ("attempt_id", "leg_id") if hasattr(event, name)}


def new_id() -> str:
    return mint_ulid(datetime.now(UTC), _IDS)


def attempt(ending: str = TONE_AT_ONCE, **changes: object) -> Attempt:
    """A planned attempt at a number of the telco's that ends so."""
    planned = Attempt(
        id=AttemptId(new_id()),
        campaign_id=1,
        lead_id=1,
        person_id=1,
        phone_id=1,
        n=1,
        mode=DialMode.PROGRESSIVE,
        number=PhoneNumber(f"+180955501{ending}"),
        trunk="telco",
        caller_id=CALLER_ID,
        verdict=Verdict("laboratory", "1", ()),
        planned_at=datetime.now(UTC),
        ring_timeout_s=20,
        connect_limit_s=2.0,
        language="es",
    )
    return replace(planned, **changes)  # type: ignore[arg-type]


def settings(lab: Lab, port: int) -> SwitchSettings:
    return SwitchSettings(
        address=Address("127.0.0.1", port),
        dialer=Credentials(lab.switch.ami_user, lab.switch.ami_secret),
        recorder=Credentials(lab.switch.recorder_user, lab.switch.recorder_secret, event_classes=""),
        spool=PurePosixPath(lab.switch.spool_inside),
    )


@asynccontextmanager
async def at_work(lab: Lab, wire: Wire, port: int) -> AsyncIterator[Desk]:
    heard: list[AnyEvent] = []
    switch = AsteriskSwitch(settings(lab, port), heard.append)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(switch.run())
        yield Desk(lab, wire, switch, heard)
        running.cancel()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(lab: Lab) -> AsyncIterator[Desk]:
    """The adapter on the living switch, over a wire that can fail; afterwards no channel is left."""
    wire = Wire("127.0.0.1", lab.switch.ami_port)
    async with listening(wire.serve) as port, at_work(lab, wire, port) as desk:
        await desk.hear(SwitchUp)
        yield desk
        await lab.switch.rx("channel request hangup all")

        async def silent() -> bool:
            return "0 active channels" in await lab.switch.rx("core show channels count")

        async with asyncio.timeout(5):
            while not await silent():
                await asyncio.sleep(0.05)


# --- the customer's leg -----------------------------------------------------------------------------------


async def test_unattended_call_is_told_from_its_ringing_to_its_end(desk: Desk) -> None:
    call = attempt(TONE_AFTER_1_S)
    desk.order(Originate(call))
    answered = await desk.hear(CallAnswered, call.id)
    message = await desk.hear(MessageBegan, call.id)
    desk.order(HangUpCall(call.id))
    ended = await desk.hear(CallHungUp, call.id)
    assert desk.about(call.id) == [CallRang, CallAnswered, CallParked, MessageBegan, CallHungUp]
    assert 1.9 < (message.at - answered.at).total_seconds() < 2.2
    assert (ended.q850, ended.sip_status, ended.trunk_fault) == (16, None, False)

    def booked() -> list[tuple[str, str]]:
        return [(c.dialled, c.caller) for c in desk.lab.telco.cdr() if c.attempt == call.id]

    await until(booked)
    assert booked() == [(call.number.digits, CALLER_ID)]


async def test_the_connect_limit_is_the_attempts_own_in_whole_seconds(desk: Desk) -> None:
    call = await desk.answered(connect_limit_s=1.9)
    message = await desk.hear(MessageBegan, call)
    parked = await desk.hear(CallParked, call)
    assert 0.9 < (message.at - parked.at).total_seconds() < 1.2
    with pytest.raises(ValueError, match="below a second"):
        desk.order(Originate(attempt(connect_limit_s=0.5)))


async def test_calls_nobody_took_say_why(desk: Desk) -> None:
    busy, unanswered = attempt(BUSY), attempt(NEVER_ANSWERS, ring_timeout_s=2)
    silent, nowhere = attempt(trunk="silent", ring_timeout_s=2), attempt(trunk="nowhere")
    given_up = attempt(NEVER_ANSWERS)
    for call in (busy, unanswered, silent, nowhere, given_up):
        desk.order(Originate(call))
    await desk.hear(CallRang, given_up.id)
    desk.order(HangUpCall(given_up.id))

    async def end(call: Attempt) -> tuple[int | None, int | None, Outcome, bool]:
        ended = await desk.hear(CallHungUp, call.id)
        return ended.q850, ended.sip_status, ended.network_outcome, ended.trunk_fault

    assert await end(busy) == (17, 486, Outcome.BUSY, False)
    assert await end(unanswered) == (19, 480, Outcome.NO_ANSWER, False)
    assert await end(silent) == (19, 480, Outcome.CONGESTION, True)
    assert not (await desk.hear(OriginateFailed, nowhere.id)).unknown
    await end(given_up)
    assert desk.about(busy.id) == desk.about(silent.id) == [CallHungUp]
    assert desk.about(unanswered.id) == desk.about(given_up.id) == [CallRang, CallHungUp]
    assert desk.about(nowhere.id) == [OriginateFailed]


async def test_what_could_break_out_of_its_line_is_refused_and_not_sent(desk: Desk) -> None:
    call = attempt(caller_id="1\r\nAction: Command\r\nCommand: core stop now")
    desk.order(Originate(call))
    assert not (await desk.hear(OriginateFailed, call.id)).unknown
    for malformed in (attempt(trunk="telco&x"), attempt(language="es)"), attempt(id="1")):
        with pytest.raises(ValueError, match="malformed"):
            desk.order(Originate(malformed))
    with pytest.raises(ValueError, match="no agent's SIP user"):
        desk.order(ConnectLeg(LegId("leg-1"), "agent-1&telco/1"))
    assert actions_in(desk.wire.sent, "Originate") == actions_in(desk.wire.sent, "Command") == 0


# --- conversations ----------------------------------------------------------------------------------------


async def test_agent_is_connected_at_once_and_kept_for_the_next_call(desk: Desk) -> None:
    leg = await desk.nail_up()
    call = await desk.answered()
    ordered_at = datetime.now(UTC)
    desk.order(Bridge(call, leg))
    bridged = await desk.hear(CallBridged, call)
    assert bridged.leg_id == leg
    assert (bridged.at - ordered_at).total_seconds() < 0.25
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    await desk.hear(LegParked, leg, nth=2)
    again = await desk.connected(leg)
    desk.order(HangUpLeg(leg))
    await desk.hear(LegHungUp, leg)
    assert MessageBegan not in desk.about(again)


async def test_telephone_that_is_not_registered_has_no_leg(desk: Desk) -> None:
    leg = LegId(f"leg-{new_id()}")
    desk.order(ConnectLeg(leg, "agent-999999999"))
    await desk.hear(LegHungUp, leg)
    assert desk.about(leg) == [LegHungUp]


async def test_customer_whose_agents_are_lost_is_held_and_handed_on_each_time(desk: Desk) -> None:
    """Held, not told that nobody is there: the dialplan knew of each connection before it came about."""
    legs = [await desk.nail_up(0), await desk.nail_up(1)]
    call = await desk.connected(legs[0])
    desk.order(HangUpLeg(legs[0]))
    await desk.hear(CustomerHeld, call)
    desk.order(Bridge(call, legs[1]))
    handed_on = await desk.hear(CallBridged, call, nth=2)
    assert handed_on.leg_id == legs[1]
    desk.order(HangUpLeg(legs[1]))
    await desk.hear(CustomerHeld, call, nth=2)
    third = await desk.nail_up()
    desk.order(Bridge(call, third))
    assert (await desk.hear(CallBridged, call, nth=3)).leg_id == third
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    assert MessageBegan not in desk.about(call)


async def test_held_customer_waits_with_music_and_can_be_taken_from_there(desk: Desk) -> None:
    leg, next_leg = await desk.nail_up(0), await desk.nail_up(1)
    call = await desk.connected(leg)
    desk.order(HangUpLeg(leg))
    await desk.hear(CustomerHeld, call)
    await desk.hear(CallParked, call, nth=2, within_s=12)  # after the announcement
    desk.order(Bridge(call, next_leg))
    assert (await desk.hear(CallBridged, call, nth=2)).leg_id == next_leg


async def test_bridge_that_can_not_be_says_whose_end_was_missing(desk: Desk) -> None:
    leg, lost = await desk.nail_up(0), await desk.nail_up(1)
    call = await desk.answered(connect_limit_s=5)
    desk.order(HangUpLeg(lost))
    await desk.hear(LegHungUp, lost)
    desk.order(Bridge(call, lost))
    failed = await desk.hear(BridgeFailed, lost)
    assert (failed.attempt_id, failed.leg_gone) == (call, True)
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    desk.order(Bridge(call, leg))
    failed = await desk.hear(BridgeFailed, leg)
    assert (failed.attempt_id, failed.leg_gone) == (call, False)
    assert LegHungUp not in desk.about(leg)


async def test_notice_is_said_then_both_directions_are_recorded_apart(desk: Desk) -> None:
    leg = await desk.nail_up()
    call = await desk.connected(leg)
    bridged = await desk.hear(CallBridged, call)
    desk.order(PlayNotice(call, "es"))
    noticed = await desk.hear(NoticeEnded, call, within_s=10)
    assert (noticed.at - bridged.at).total_seconds() > 2
    desk.order(StartRecording(call))
    await desk.hear(RecorderStarted, call)
    files = [desk.lab.switch.spool / f"{call}-{direction}.wav" for direction in ("rx", "tx")]
    # Asterisk writes in blocks of two seconds' sound.
    await until(lambda: all(path.exists() and path.stat().st_size > 16_000 for path in files))
    sizes = [path.stat().st_size for path in files]
    await until(lambda: all(path.stat().st_size > n for path, n in zip(files, sizes, strict=True)))
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    customer, agent = [await closed(path) for path in files]
    assert tone_share(customer, 8000, CUSTOMER_HZ) > 0.95
    assert tone_share(agent, 8000, AGENT_HZ) > 0.95
    assert abs(len(customer) - len(agent)) < 8000 * 0.1


async def test_a_recording_that_was_refused_ends_and_the_call_goes_on(desk: Desk) -> None:
    call = await desk.connected(await desk.nail_up())
    desk.order(StartRecording(call))
    await desk.hear(RecorderStarted, call)
    files = [desk.lab.switch.spool / f"{call}-{direction}.wav" for direction in ("rx", "tx")]
    await until(lambda: all(path.exists() and path.stat().st_size > 16_000 for path in files))
    desk.order(StopRecording(call))
    lengths = [len(await closed(path)) for path in files]
    assert CallHungUp not in desk.about(call), "the files are whole while the two still talk"
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    assert [len(await closed(path)) for path in files] == lengths


async def test_notice_the_customer_did_not_hear_out_is_none(desk: Desk) -> None:
    call = await desk.connected(await desk.nail_up())
    desk.order(PlayNotice(call, "es"))
    await until_asterisk_has(desk.lab, f"{call}-n")
    desk.order(HangUpCall(call))
    await desk.hear(CallHungUp, call)
    desk.order(StartRecording(call))
    await until_asterisk_has_not(desk.lab, f"{call}-n")
    await asyncio.sleep(0.1)
    assert not {NoticeEnded, RecorderStarted} & set(desk.about(call))


async def closed(path: Path) -> np.ndarray:
    """A recording's samples, once its header tells its length."""

    def whole() -> bool:
        try:
            with wave.open(str(path)) as file:
                return 0 < file.getnframes() * 2 == path.stat().st_size - 44
        except (wave.Error, EOFError):  # its header is being written
            return False

    await until(whole)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


# --- the link ---------------------------------------------------------------------------------------------


async def test_after_a_lost_link_everything_alive_is_listed_and_goes_on(desk: Desk) -> None:
    talking_leg, idle_leg = await desk.nail_up(0), await desk.nail_up(1)
    talking = await desk.connected(talking_leg)
    waiting = await desk.answered(connect_limit_s=10)
    ringing = attempt(NEVER_ANSWERS)
    desk.order(Originate(ringing))
    await desk.hear(CallRang, ringing.id)
    first = await desk.hear(SwitchUp)
    assert first.channels == ()

    desk.wire.reset()
    await desk.hear(SwitchDown)
    up = await desk.hear(SwitchUp, nth=2)
    assert set(up.channels) == {
        LiveChannel(talking, up=True, parked=False, bridged_with=talking_leg),
        LiveChannel(talking_leg, up=True, parked=False, bridged_with=talking),
        LiveChannel(idle_leg, up=True, parked=True, bridged_with=None),
        LiveChannel(waiting, up=True, parked=True, bridged_with=None),
        LiveChannel(ringing.id, up=False, parked=False, bridged_with=None),
    }
    desk.switch.list_channels()
    listed = await desk.hear(ChannelsListed)
    assert set(listed.channels) == set(up.channels)
    assert listed.asked_at <= listed.at

    desk.order(Bridge(waiting, idle_leg), HangUpCall(ringing.id), HangUpCall(talking))
    assert (await desk.hear(CallBridged, waiting)).leg_id == idle_leg
    await desk.hear(CallHungUp, ringing.id)
    await desk.hear(CallHungUp, talking)
    await desk.hear(LegParked, talking_leg, nth=2)


async def test_originate_whose_answer_was_lost_is_unknown_and_not_repeated(desk: Desk) -> None:
    call = attempt(NEVER_ANSWERS)
    desk.wire.deaf = True
    desk.order(Originate(call))
    await until(lambda: actions_in(desk.wire.sent, "Originate"))
    await until_asterisk_has(desk.lab, call.id)
    desk.wire.deaf = False
    desk.wire.reset()
    assert (await desk.hear(OriginateFailed, call.id)).unknown
    up = await desk.hear(SwitchUp, nth=2)
    assert [channel.id for channel in up.channels] == [call.id]
    desk.order(HangUpCall(call.id))
    await desk.hear(CallHungUp, call.id)
    assert actions_in(desk.wire.sent, "Originate") == 1


async def until_asterisk_has(lab: Lab, channel: str) -> None:
    async with asyncio.timeout(5):
        while channel not in await lab.switch.rx("core show channels concise"):
            await asyncio.sleep(0.05)


async def until_asterisk_has_not(lab: Lab, channel: str) -> None:
    async with asyncio.timeout(5):
        while channel in await lab.switch.rx("core show channels concise"):
            await asyncio.sleep(0.05)


async def test_orders_without_a_link_fail_as_events_of_a_later_turn(lab: Lab) -> None:
    nowhere = free_tcp_port()
    call, leg = attempt(), LegId(f"leg-{new_id()}")
    async with at_work(lab, Wire("127.0.0.1", nowhere), nowhere) as desk:
        desk.order(
            Originate(call),
            ConnectLeg(leg, lab.agents[0]),
            Bridge(call.id, leg),
            HangUpCall(call.id),
            HangUpLeg(leg),
            PlayNotice(call.id, "es"),
            StartRecording(call.id),
        )
        assert desk.heard == []
        await desk.hear(BridgeFailed)
        await asyncio.sleep(0.05)
    assert [type(event) for event in desk.heard] == [OriginateFailed, LegHungUp, BridgeFailed]
    failed, _, unbridged = desk.heard
    assert isinstance(failed, OriginateFailed)
    assert not failed.unknown
    assert isinstance(unbridged, BridgeFailed)
    assert not unbridged.leg_gone


# --- a second opinion -------------------------------------------------------------------------------------


async def test_another_library_hears_the_same(desk: Desk) -> None:
    """panoramisk's parser and the laboratory's reading of it, against ours: each call, and each kind of lie."""
    async with Observer(desk.lab.switch) as observer:
        leg = await desk.nail_up()
        talked, busy, unheard = await desk.connected(leg), attempt(BUSY), attempt(trunk="nowhere")
        desk.order(Originate(busy), Originate(unheard))
        await desk.hear(CallHungUp, busy.id)
        await desk.hear(OriginateFailed, unheard.id)
        desk.order(HangUpCall(talked))
        await desk.hear(CallHungUp, talked)
        await until(lambda: sum(call.ended_at is not None for call in observer.calls.values()) == 2)
        books = [booked(desk, id_) for id_ in (talked, busy.id, unheard.id)]
        assert observer.differences(books) == []
        assert observer.calls[talked].legs == [leg]
        lies = [
            {**books[0], "connected_at": None},
            {**books[0], "answered_at": books[0]["answered_at"] + timedelta(seconds=1)},
            {**books[0], "ended_at": None},
            {**books[0], "q850": 17},
            {**books[2], "answered_at": datetime.now(UTC)},
        ]
        assert [len(observer.differences([lie, *others(books, lie)])) for lie in lies] == [1] * len(lies)
        assert observer.differences(books[1:]) == [f"{talked}: a call that is in no book"]


def others(books: list[dict[str, Any]], lie: dict[str, Any]) -> list[dict[str, Any]]:
    return [book for book in books if book["id"] != lie["id"]]


def booked(desk: Desk, call: str) -> dict[str, Any]:
    """A row of the table `attempt`, as our own events would write it."""

    def at(kind: type[AnyEvent]) -> datetime | None:
        return next((e.at for e in desk.heard if isinstance(e, kind) and call in ids(e)), None)

    ends = [e for e in desk.heard if isinstance(e, CallHungUp) and e.attempt_id == call]
    return {
        "id": call,
        "answered_at": at(CallAnswered),
        "connected_at": at(CallBridged),
        "ended_at": at(CallHungUp) or at(OriginateFailed),
        "q850": ends[0].q850 if ends else None,
    }
