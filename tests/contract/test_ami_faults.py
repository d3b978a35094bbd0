"""What `AmiClient` does with a switch that misbehaves in ways a real one rarely does."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from ami_harness import FAST, Owner, Switch, client_of, connected, fake_switch, originate, until
from fake_ami import SECRET, USER, FakeAmi, encode, listening

from dialer.asterisk.client import Address, AmiClient, Credentials, LinkDown, LinkUp
from dialer.asterisk.errors import (
    ActionTimeout,
    LinkClosed,
    LinkLost,
    LinkSilent,
    NotBooted,
    NotConnected,
    Overloaded,
    ProtocolError,
    Unreachable,
)
from dialer.asterisk.link import MAX_PENDING, Reply
from dialer.asterisk.wire import Message


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    async with fake_switch() as switch:
        yield switch


async def test_events_between_the_items_of_a_list_are_delivered(switch: Switch) -> None:
    owner = Owner()
    switch.fake.interleaved = encode(("Event", "Newstate"), ("Uniqueid", "live"))
    async with connected(switch, owner) as client:
        channels = await client.list_action("CoreShowChannels")
        assert [channel.get("Uniqueid") for channel in channels] == ["u0", "u1", "u2"]
        assert len(owner.names("Newstate")) == 3


async def test_an_answer_that_never_comes_is_a_time_out_and_a_late_one_is_dropped(switch: Switch) -> None:
    replies: list[Reply] = []
    switch.fake.mute = {"Setvar"}
    async with connected(switch, Owner()) as client:
        with pytest.raises(ActionTimeout, match="Setvar"):
            await client.action("Setvar", [("Value", "1")], action_id="late", timeout_s=0.05)
        client.post("Setvar", [("Value", "1")], on_reply=replies.append, timeout_s=0.05)
        await until(lambda: replies)
        assert isinstance(replies[0], ActionTimeout)
        switch.fake.send(encode(("Response", "Success"), ("ActionID", "late")))
        await until(lambda: client.counters.unknown_responses == 1)
        await client.action("Ping")


async def test_a_cancelled_action_leaves_nothing_behind(switch: Switch) -> None:
    switch.fake.mute = {"Setvar"}
    async with connected(switch, Owner()) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.action("Setvar", [("Value", "1")], action_id="mine")
        waiting = asyncio.ensure_future(client.action("Setvar", [("Value", "2")], action_id="mine"))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="already waiting"):
            client.post("Setvar", [("Value", "3")], action_id="mine")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_list_cut_in_the_middle_fails_and_leaves_no_half(switch: Switch) -> None:
    switch.fake.mute = {"CoreShowChannels"}
    async with connected(switch, Owner()) as client:
        waiting = asyncio.ensure_future(client.list_action("CoreShowChannels"))
        await until(lambda: switch.fake.actions[-1]["Action"] == "CoreShowChannels")
        mark = ("ActionID", switch.fake.actions[-1]["ActionID"])
        switch.fake.send(encode(("Response", "Success"), mark, ("EventList", "start")))
        switch.fake.send(encode(("Event", "CoreShowChannel"), mark, ("Uniqueid", "u0")))
        await asyncio.sleep(0.02)
        switch.wire.reset()
        with pytest.raises(LinkLost):
            await waiting


@pytest.mark.parametrize(
    "garbage",
    [
        b"Event: Huge\r\nValue: " + b"x" * 10_000_000,
        b"Event: Endless\r\n" + b"Output: x\r\n" * 200_000,
        b"\0" * 200_000,
    ],
    ids=["line of 10 MB", "message without end", "zeros"],
)
async def test_what_can_not_be_ami_ends_the_link_and_a_new_one_comes(switch: Switch, garbage: bytes) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        switch.fake.send(garbage)
        await until(lambda: client.generation == 2)
        assert isinstance(owner.failures[0], ProtocolError)
        await client.action("Ping")


async def test_odd_messages_are_counted_and_the_link_stays(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        switch.fake.send(b"\r\n\r\nno colon at all\r\n\r\nResponse: Success\r\nActionID: nobody\r\n\r\n")
        switch.fake.send(b"Event: NeverHeardOf\r\nTimestamp: not a number\r\n\r\n")
        await until(lambda: owner.names("NeverHeardOf"))
        assert (client.counters.malformed, client.counters.unknown_responses) == (1, 1)
        assert owner.failures == []


async def test_a_switch_that_stops_reading_is_an_error_not_a_growing_queue(switch: Switch) -> None:
    owner = Owner()
    big = [("Variable", "x"), *[("Value", "x" * 880)] * 100]
    async with connected(switch, owner, replace(FAST, ping_every_s=0.2, ping_deadline_s=0.5)) as client:
        switch.wire.stuffed = True
        posted = 0
        with suppress(Overloaded):
            while posted < MAX_PENDING:
                client.post("Setvar", big)
                posted += 1
        assert posted < 200
        with pytest.raises(Overloaded, match="bytes wait"):
            client.post("Setvar", big)
        await until(lambda: owner.failures)
        assert isinstance(owner.failures[0], LinkSilent)


async def test_actions_without_answers_are_bounded(switch: Switch) -> None:
    replies: list[Reply] = []
    switch.fake.mute = {"Setvar"}
    async with connected(switch, Owner(), replace(FAST, ping_every_s=60.0, action_s=60.0)) as client:
        for n in range(MAX_PENDING):
            client.post("Setvar", [("Value", "1")], on_reply=replies.append)
            if n % 500 == 0:
                await asyncio.sleep(0.01)
        with pytest.raises(Overloaded, match="wait for an answer"):
            client.post("Setvar", [("Value", "1")])
        switch.wire.reset()
        await until(lambda: len(replies) == MAX_PENDING)
        assert all(isinstance(reply, LinkLost) for reply in replies)


async def test_a_burst_of_events_arrives_complete_and_in_order(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        now = f"{time.time():.6f}"
        burst = b"".join(
            encode(("Event", "Newstate"), ("Timestamp", now), ("Uniqueid", str(n))) for n in range(20_000)
        )
        switch.fake.send(burst)
        await until(lambda: len(owner.names("Newstate")) == 20_000)
        assert [e.get("Uniqueid") for e in owner.names("Newstate")] == [str(n) for n in range(20_000)]
        assert owner.failures == []
        assert client.counters.events >= 20_000
        assert client.counters.received_bytes >= len(burst)


async def test_the_lag_behind_the_switch_s_clock_is_measured(switch: Switch) -> None:
    async with connected(switch, Owner(), replace(FAST, ping_every_s=60.0)) as client:
        switch.fake.send(encode(("Event", "Newstate"), ("Timestamp", f"{time.time() - 3:.6f}")))
        await until(lambda: client.counters.lag_s != 0)
        assert 3.0 <= client.counters.lag_s < 4.0


async def test_nothing_is_delivered_before_the_switch_has_booted(switch: Switch) -> None:
    owner = Owner()
    switch.fake.boot_s = 0.3
    began = time.monotonic()
    async with connected(switch, owner):
        assert time.monotonic() - began >= 0.3
        assert [type(x) for x in owner.everything[:1]] == [LinkUp]


async def test_a_switch_that_never_boots_is_reported(switch: Switch) -> None:
    owner = Owner()
    switch.fake.boot_s = 60
    async with client_of(switch, owner, replace(FAST, boot_s=0.1)):
        await until(lambda: owner.failures)
        assert isinstance(owner.failures[0], NotBooted)


async def test_another_service_on_the_port_is_reported(switch: Switch) -> None:
    owner = Owner()
    switch.fake.banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    async with client_of(switch, owner):
        await until(lambda: owner.failures)
        assert isinstance(owner.failures[0], ProtocolError)
        assert bytes(switch.wire.sent) == b""


async def test_a_port_nobody_listens_on_is_tried_with_growing_pauses() -> None:
    async with fake_switch() as switch:
        pass
    owner = Owner()
    async with client_of(switch, owner, replace(FAST, retry_first_s=0.01, retry_last_s=0.08)):
        await until(lambda: len(owner.failures) >= 8)
    pauses = [state.retry_in_s for state in owner.states if isinstance(state, LinkDown)]
    for n, pause_s in enumerate(pauses):
        assert 0.5 <= pause_s / min(0.08, 0.01 * 2**n) <= 1.0
    assert len(set(pauses)) == len(pauses)
    assert all(isinstance(error, Unreachable) for error in owner.failures)


async def test_a_switch_that_restarts_is_followed(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        for generation in range(2, 6):
            switch.fake.close_links()
            await until(lambda generation=generation: client.generation == generation)
            await client.action("Ping")
        assert all(isinstance(error, LinkClosed) for error in owner.failures)
        assert client.counters.links == 5


async def test_an_error_of_the_owner_s_callback_comes_out_of_run(switch: Switch) -> None:
    def broken(message: Message) -> None:
        if message.name == "OriginateResponse":
            raise KeyError("the owner's bug")

    async def stay() -> None:
        async with connected(switch, Owner(), on_event=broken) as client:
            client.post("Originate", originate())
            await asyncio.sleep(5)

    with pytest.raises(ExceptionGroup) as caught:
        await stay()
    assert isinstance(caught.value.exceptions[0], KeyError)


@pytest.mark.parametrize("cut", [False, True])
async def test_an_error_of_a_reply_s_callback_comes_out_of_run(switch: Switch, cut: bool) -> None:
    def broken(reply: Reply) -> None:
        raise KeyError("the owner's bug")

    async def stay() -> None:
        async with connected(switch, Owner()) as client:
            client.post("Setvar", [("Value", "x")], on_reply=broken)
            if cut:
                switch.wire.reset()
            await asyncio.sleep(5)

    with pytest.raises(ExceptionGroup) as caught:
        await stay()
    assert isinstance(caught.value.exceptions[0], KeyError)


@pytest.mark.parametrize("event_classes", ["system,call", ""])
async def test_an_error_of_the_state_s_callback_comes_out_of_run(switch: Switch, event_classes: str) -> None:
    def broken(state: object) -> None:
        raise NotConnected("the owner's bug, though it looks like the link's")

    user = Credentials(USER, SECRET, event_classes)
    address = Address("127.0.0.1", switch.wire.port)
    client = AmiClient(address, user, on_event=Owner().event, on_state=broken, timings=FAST)
    with pytest.raises(NotConnected, match="the owner's bug"):
        await asyncio.wait_for(client.run(), 5)


async def test_stopping_lets_the_last_action_leave_and_tells_the_waiting(switch: Switch) -> None:
    replies: list[Reply] = []
    switch.fake.mute = {"Hangup"}
    async with connected(switch, Owner()) as client:
        client.post("Hangup", [("Channel", "last")], on_reply=replies.append)
    assert isinstance(replies[0], LinkLost)
    await until(lambda: switch.fake.actions[-1]["Action"] == "Hangup")
    with pytest.raises(NotConnected):
        client.post("Ping")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request.split(), *names, *files], check=True, capture_output=True)
    return certificate, key


async def test_a_link_over_tls(certificate: tuple[Path, Path]) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    trusting, distrusting = ssl.create_default_context(cafile=certificate[0]), ssl.create_default_context()
    owner, fake = Owner(), FakeAmi()
    async with listening(fake.serve, tls=server) as port:
        user = Credentials(USER, SECRET)
        address = Address("127.0.0.1", port, trusting)
        async with AmiClient(address, user, on_event=owner.event, on_state=owner.state) as client:
            await until(client.connected.is_set)
            await client.action("Ping")
        wary = Address("127.0.0.1", port, distrusting)
        async with AmiClient(wary, user, on_event=owner.event, on_state=owner.state, timings=FAST):
            await until(lambda: owner.failures)
    assert isinstance(owner.failures[0], Unreachable)
    assert "certificate" in str(owner.failures[0])
