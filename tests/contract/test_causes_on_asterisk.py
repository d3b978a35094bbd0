"""What a carrier does, what Asterisk makes of it, and what we read in it: on a real trunk to the telco stand-in."""

from __future__ import annotations

import asyncio
import socket

import pytest
from ami_harness import Owner, connected, real_switch, until

import lab.asterisk
from dialer.asterisk.causes import NetworkOutcome, classify, code
from dialer.asterisk.wire import Message
from dialer.domain.outcomes import Outcome
from lab.asterisk import Trunk
from lab.asterisk_root import asterisk_root

pytestmark = pytest.mark.integration

RING_TIMEOUT_MS = 3000

#: The end of the number dialled -> what it is.
DIALLED = {
    "40@telco": NetworkOutcome(Outcome.NO_ANSWER),  # rings for ever
    "50@telco": NetworkOutcome(Outcome.BUSY),
    "60@telco": NetworkOutcome(Outcome.INVALID_NUMBER),
    "67@telco": NetworkOutcome(Outcome.REJECTED),  # 603
    "70@telco": NetworkOutcome(Outcome.REJECTED),  # 607
    "71@telco": NetworkOutcome(Outcome.NO_ANSWER),  # 480 at once
    "72@telco": NetworkOutcome(Outcome.CONGESTION, trunk_fault=True),  # 503
    "40@silent": NetworkOutcome(Outcome.CONGESTION, trunk_fault=True),  # a trunk that never says a word
    "41@telco": NetworkOutcome(Outcome.CANCELLED),  # hung up by us while it rings
}


def read(events: list[Message], attempt: str) -> NetworkOutcome:
    """What the events of an attempt come to."""
    own = [event for event in events if event.get("Uniqueid") == attempt]
    (hangup,) = (event for event in own if event.name == "Hangup")
    reasons = [event.get("Reason") for event in own if event.name == "OriginateResponse"]
    return classify(
        code(hangup.get("Cause")),
        code(hangup.get("TechCause")),
        answered=any(event.get("ChannelState") == "6" for event in own),
        alerted=any(event.get("ChannelState") == "5" for event in own),
        ring_timeout="3" in reasons,
        cancelled=attempt.startswith("41"),
    )


async def test_what_the_telco_does_is_what_is_read() -> None:
    owner = Owner()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        async with lab.asterisk.Telco(asterisk_root()) as telco:
            trunks = telco.trunk(), Trunk("silent", *silent.getsockname())
            async with real_switch(*trunks) as switch, connected(switch, owner) as client:
                for end in DIALLED:
                    originate = {
                        "Channel": f"PJSIP/180955501{end}",
                        "Context": "customer",
                        "Exten": "s",
                        "Priority": "1",
                        "Async": "true",
                        "ChannelId": end.replace("@", "-"),
                        "Timeout": str(RING_TIMEOUT_MS),
                        "CallerID": "8095550100",
                    }
                    await client.action("Originate", list(originate.items()))
                await asyncio.sleep(0.5)
                await client.action("Hangup", [("Channel", "41-telco")])
                await until(lambda: len(ended(owner)) == len(DIALLED), within_s=10)
                await until(lambda: len(answers(owner)) == len(DIALLED))
    assert {end: read(owner.events, end.replace("@", "-")) for end in DIALLED} == DIALLED


def ended(owner: Owner) -> list[str]:
    ours = {end.replace("@", "-") for end in DIALLED}
    return [event.get("Uniqueid") for event in owner.names("Hangup") if event.get("Uniqueid") in ours]


def answers(owner: Owner) -> list[Message]:
    return owner.names("OriginateResponse")
