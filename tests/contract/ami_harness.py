"""A client of the manager port, its owner, and the wire between: what the contract tests are made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fake_ami import SECRET, USER, FakeAmi, Wire, listening

import lab.asterisk
from dialer.asterisk.client import Address, AmiClient, Credentials, LinkDown, LinkState, Timings
from dialer.asterisk.errors import AmiError
from dialer.asterisk.wire import Message
from lab.asterisk import Database, Trunk
from lab.asterisk_root import asterisk_root
from lab.child import free_tcp_port

#: A client in a hurry: the same behaviour, in the time of a test.
FAST = Timings(
    connect_s=1.0,
    login_s=3.0,  # Asterisk waits a second before it refuses a log-in
    boot_s=5.0,
    action_s=2.0,
    list_s=2.0,
    ping_every_s=0.05,
    ping_deadline_s=1.5,
    retry_first_s=0.01,
    retry_last_s=0.05,
)


@dataclass
class Switch:
    """The switch under test, reached over a wire. `fake` is what can be told how to misbehave."""

    wire: Wire
    credentials: Credentials
    #: A user who may read nothing.
    recorder: Credentials
    fake: FakeAmi = field(default_factory=FakeAmi)


@dataclass
class Owner:
    """What the owner of a client sees, in order."""

    events: list[Message] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    everything: list[Message | LinkState] = field(default_factory=list)

    def event(self, message: Message) -> None:
        self.events.append(message)
        self.everything.append(message)

    def state(self, state: LinkState) -> None:
        self.states.append(state)
        self.everything.append(state)

    @property
    def failures(self) -> list[AmiError]:
        return [state.error for state in self.states if isinstance(state, LinkDown)]

    def names(self, name: str) -> list[Message]:
        return [event for event in self.events if event.name == name]


def originate(caller_name: str = "") -> list[tuple[str, str]]:
    """The headers of an originate that every switch takes and that reaches nobody."""
    return [
        ("Channel", "Local/1@refused"),
        ("Context", "refused"),
        ("Exten", "1"),
        ("Priority", "1"),
        ("Async", "true"),
        ("CallerID", f'"{caller_name}" <8095550100>'),
    ]


async def until(true: Callable[[], object], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def fake_switch() -> AsyncIterator[Switch]:
    fake = FakeAmi()
    async with listening(fake.serve) as port:
        wire = Wire("127.0.0.1", port)
        async with listening(wire.serve) as wire.port:
            yield Switch(wire, Credentials(USER, SECRET), Credentials(USER, SECRET, event_classes=""), fake)


@asynccontextmanager
async def real_switch(*trunks: Trunk) -> AsyncIterator[Switch]:
    """A real Asterisk with the product's own configuration; nothing answers for its database."""
    nowhere = Database("127.0.0.1", free_tcp_port(), "none", "none", "none")
    async with lab.asterisk.Switch(asterisk_root(), database=nowhere, trunks=trunks) as asterisk:
        wire = Wire("127.0.0.1", asterisk.ami_port)
        async with listening(wire.serve) as wire.port:
            yield Switch(
                wire,
                Credentials(asterisk.ami_user, asterisk.ami_secret),
                Credentials(asterisk.recorder_user, asterisk.recorder_secret, event_classes=""),
            )


def client_of(
    switch: Switch,
    owner: Owner,
    timings: Timings = FAST,
    *,
    credentials: Credentials | None = None,
    on_event: Callable[[Message], None] | None = None,
) -> AmiClient:
    return AmiClient(
        Address("127.0.0.1", switch.wire.port),
        credentials or switch.credentials,
        on_event=on_event or owner.event,
        on_state=owner.state,
        timings=timings,
    )


@asynccontextmanager
async def connected(
    switch: Switch,
    owner: Owner,
    timings: Timings = FAST,
    *,
    on_event: Callable[[Message], None] | None = None,
) -> AsyncIterator[AmiClient]:
    async with client_of(switch, owner, timings, on_event=on_event) as client:
        async with asyncio.timeout(10):
            await client.connected.wait()
        yield client
