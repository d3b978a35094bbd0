"""A busy Asterisk may tell that an Originate failed before it tells of its channel: seen at 50 calls/s with 486."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
import pytest_asyncio
from ami_harness import until
from fake_ami import SECRET, USER, FakeAmi, encode, listening

from dialer.asterisk import switch as adapter
from dialer.asterisk.client import Address, Credentials
from dialer.asterisk.switch import AsteriskSwitch, SwitchSettings
from dialer.domain.campaign import DialMode
from dialer.domain.commands import Originate
from dialer.domain.events import AnyEvent, CallHungUp, OriginateFailed, SwitchUp
from dialer.domain.outcomes import Outcome
from dialer.domain.values import Attempt, AttemptId, PhoneNumber, Verdict, mint_ulid

CALL = Attempt(
    id=AttemptId(mint_ulid(datetime.now(UTC), random.Random(5))),
    campaign_id=1,
    lead_id=1,
    person_id=1,
    phone_id=1,
    n=1,
    mode=DialMode.POWER,
    number=PhoneNumber("+18095550150"),
    trunk="telco",
    caller_id="+18095550100",
    verdict=Verdict("laboratory", "1", ()),
    planned_at=datetime.now(UTC),
    ring_timeout_s=20,
    connect_limit_s=2.0,
    language="es",
)
FAILURE = encode(
    ("Event", "OriginateResponse"), ("Response", "Failure"), ("Reason", "0"), ("Uniqueid", CALL.id)
)
CREATED = encode(("Event", "Newchannel"), ("Uniqueid", CALL.id), ("ChannelState", "0"))
BUSY = encode(("Event", "Hangup"), ("Uniqueid", CALL.id), ("Cause", "17"), ("TechCause", "486"))


@dataclass
class Desk:
    ami: FakeAmi
    switch: AsteriskSwitch
    heard: list[AnyEvent]


@pytest_asyncio.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """The adapter on a manager port of the test's own, with the call ordered."""
    monkeypatch.setattr(adapter, "OVERTAKING_S", 0.2)
    ami, heard = FakeAmi(), list[AnyEvent]()
    user = Credentials(USER, SECRET)
    async with listening(ami.serve) as port, asyncio.TaskGroup() as group:
        address = Address("127.0.0.1", port)
        recorder = Credentials(USER, SECRET, event_classes="")
        settings = SwitchSettings(address, dialer=user, recorder=recorder, spool=PurePosixPath("/spool"))
        switch = AsteriskSwitch(settings, heard.append)
        running = group.create_task(switch.run())
        await until(lambda: any(isinstance(event, SwitchUp) for event in heard))
        heard.clear()
        switch.execute(Originate(CALL))
        await until(lambda: any(action["Action"] == "Originate" for action in ami.actions))
        yield Desk(ami, switch, heard)
        running.cancel()


async def test_failure_that_overtakes_its_channel_is_no_failure_of_the_trunk(desk: Desk) -> None:
    desk.ami.send(FAILURE)
    await asyncio.sleep(0.05)
    desk.ami.send(CREATED + BUSY)
    await until(lambda: bool(desk.heard))
    await asyncio.sleep(0.3)
    (ended,) = desk.heard
    assert isinstance(ended, CallHungUp)
    assert (ended.network_outcome, ended.trunk_fault) == (Outcome.BUSY, False)


async def test_failure_without_a_channel_is_told(desk: Desk) -> None:
    desk.ami.send(FAILURE)
    await until(lambda: bool(desk.heard))
    (failed,) = desk.heard
    assert isinstance(failed, OriginateFailed)
    assert (failed.attempt_id, failed.unknown) == (CALL.id, False)
