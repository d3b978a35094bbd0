"""What `AmiClient` promises on any switch, over a wire that can be cut, frozen and sliced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ami_harness import FAST, Owner, Switch, client_of, connected, fake_switch, originate, real_switch, until
from fake_ami import actions_in

from dialer.asterisk.client import Credentials, LinkDown, LinkUp, Timings
from dialer.asterisk.errors import (
    ActionRefused,
    LinkLost,
    LinkSilent,
    LoginRefused,
    NotConnected,
    UnsafeValue,
)
from dialer.asterisk.link import Reply
from dialer.asterisk.wire import Message


@pytest.fixture(params=["fake", pytest.param("asterisk", marks=pytest.mark.integration)])
async def switch(request: pytest.FixtureRequest) -> AsyncIterator[Switch]:
    async with fake_switch() if request.param == "fake" else real_switch() as switch:
        yield switch


async def test_a_link_logs_in_and_says_so_before_its_first_event(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        assert client.generation == 1
        assert [type(state) for state in owner.states] == [LinkUp]
        assert isinstance(owner.states[0], LinkUp)
        assert owner.states[0].generation == 1
        assert owner.states[0].banner.startswith("Asterisk Call Manager/")
        assert owner.everything[0] is owner.states[0]
        assert switch.credentials.secret.encode() not in switch.wire.sent
    assert not client.connected.is_set()


async def test_an_action_is_answered_and_its_events_delivered(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        reply = await client.action("Originate", originate("José 👍"))
        assert reply.get("Response") == "Success"
        await until(lambda: owner.names("OriginateResponse"))
        assert owner.names("OriginateResponse")[0].get("CallerIDName") == "José 👍"


async def test_a_refused_action_says_why_and_the_link_stays(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        with pytest.raises(ActionRefused, match="Hangup: No such channel"):
            await client.action("Hangup", [("Channel", "PJSIP/nobody-00000000")])
        await client.action("Ping")
        assert owner.failures == []


async def test_the_event_of_a_waiting_originate_reaches_the_owner(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        await client.action("Originate", originate(), action_id="01JATTEMPT")
        await until(lambda: owner.names("OriginateResponse"))
        assert owner.names("OriginateResponse")[0].get("ActionID") == "01JATTEMPT"


async def test_a_list_is_collected_and_not_delivered(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        channels = await client.list_action("CoreShowChannels")
        assert all(channel.name == "CoreShowChannel" for channel in channels)
        await client.action("Ping")
        assert owner.names("CoreShowChannel") == owner.names("CoreShowChannelsComplete") == []


async def test_an_action_that_is_no_list_is_not_waited_on_as_one(switch: Switch) -> None:
    async with connected(switch, Owner()) as client:
        with pytest.raises(ActionRefused, match="does not answer with a list"):
            await client.list_action("Ping")


async def test_posts_are_answered_by_callback_in_order(switch: Switch) -> None:
    replies: list[Reply] = []
    variable = [("Variable", "CONTRACT"), ("Value", "1")]
    async with connected(switch, Owner()) as client:
        sent = [client.post("Setvar", variable, on_reply=replies.append) for _ in range(200)]
        client.post("Hangup", [("Channel", "none")], on_reply=replies.append)
        await until(lambda: len(replies) == 201)
    assert [reply.get("ActionID") for reply in replies[:-1] if isinstance(reply, Message)] == sent
    assert isinstance(replies[-1], ActionRefused)


@pytest.mark.parametrize("slice_bytes", [1, 7])
async def test_text_cut_anywhere_on_the_wire_arrives_whole(switch: Switch, slice_bytes: int) -> None:
    owner = Owner()
    switch.wire.slice = slice_bytes
    async with connected(switch, owner) as client:
        for n in range(20):
            await client.action("Originate", originate(f"ñandú {n} ✓ 👍"))
        named = lambda: {event.get("CallerIDName") for event in owner.names("OriginateResponse")}  # noqa: E731
        await until(lambda: named() == {f"ñandú {n} ✓ 👍" for n in range(20)})


async def test_an_unsafe_value_leaves_nothing_on_the_wire(switch: Switch) -> None:
    async with connected(switch, Owner(), replace(FAST, ping_every_s=60.0)) as client:
        before = len(switch.wire.sent)
        for bad in ("x\r\nAction: Command", "x\n", "\0", "x\x85", "\u2028", "\ud800", "x" * 901):
            with pytest.raises(UnsafeValue):
                client.post("Setvar", [("Value", bad)])
            with pytest.raises(UnsafeValue):
                await client.action("Setvar", [("Value", bad)])
        await client.action("Ping")
        assert bytes(switch.wire.sent[before:]).count(b"\r\n") == 3
        assert actions_in(switch.wire.sent, "Setvar") == 0


async def test_an_originate_cut_off_is_unknown_and_never_sent_again(switch: Switch) -> None:
    owner = Owner()
    replies: list[Reply] = []
    async with connected(switch, owner) as client:
        switch.wire.deaf = True
        waiting = asyncio.ensure_future(client.action("Originate", originate()))
        client.post("Setvar", [("Variable", "CONTRACT"), ("Value", "1")], on_reply=replies.append)
        await until(lambda: actions_in(switch.wire.sent, "Setvar"))
        began = time.monotonic()
        switch.wire.reset()
        with pytest.raises(LinkLost):
            await waiting
        assert time.monotonic() - began < FAST.action_s
        assert isinstance(replies[0], LinkLost)
        switch.wire.deaf = False
        await until(lambda: client.generation == 2)
        await client.action("Ping")
        assert actions_in(switch.wire.sent, "Originate") == 1
        assert actions_in(switch.wire.sent, "Setvar") == 1
        assert [type(state) for state in owner.states] == [LinkUp, LinkDown, LinkUp]
        assert owner.states[1] == LinkDown(1, True, owner.failures[0], owner.states[1].retry_in_s)
        assert owner.states[2].generation == 2


async def test_without_a_link_an_action_fails_at_once_and_is_not_kept(switch: Switch) -> None:
    async with connected(switch, Owner(), replace(FAST, retry_first_s=0.3, retry_last_s=0.3)) as client:
        switch.wire.reset()
        await until(lambda: not client.connected.is_set())
        began = time.monotonic()
        with pytest.raises(NotConnected):
            await client.action("Hangup", [("Channel", "x")])
        with pytest.raises(NotConnected):
            client.post("Hangup", [("Channel", "x")])
        with pytest.raises(NotConnected):
            await client.list_action("CoreShowChannels")
        assert time.monotonic() - began < FAST.action_s
        await until(lambda: client.generation == 2)
        await client.action("Ping")
        assert actions_in(switch.wire.sent, "Hangup") == 0


async def test_a_half_open_link_is_noticed_and_replaced(switch: Switch) -> None:
    owner = Owner()
    async with connected(switch, owner) as client:
        await client.action("Ping", timeout_s=60)
        switch.wire.deaf = True
        waiting = asyncio.ensure_future(client.action("Ping", timeout_s=60))
        began = time.monotonic()
        with pytest.raises(LinkLost):
            await waiting
        assert time.monotonic() - began < 10  # the waiting one was given a minute
        assert isinstance(owner.failures[0], LinkSilent)
        switch.wire.deaf = False
        await until(lambda: client.generation == 2)
    assert Timings().ping_every_s + Timings().ping_deadline_s <= 10


async def test_a_refused_log_in_is_reported_and_tried_again(switch: Switch) -> None:
    owner = Owner()
    wrong = Credentials(switch.credentials.username, "another secret")
    assert "another secret" not in repr(wrong)
    async with client_of(switch, owner, credentials=wrong) as client:
        await until(lambda: len(owner.failures) >= 2)
        assert all(isinstance(error, LoginRefused) for error in owner.failures)
        assert "Authentication failed" in str(owner.failures[0])
        assert owner.states[0] == LinkDown(0, False, owner.failures[0], owner.states[0].retry_in_s)
        assert not client.connected.is_set()


async def test_a_user_who_may_read_nothing_is_up_once_logged_in(switch: Switch) -> None:
    owner = Owner()
    async with client_of(switch, owner, credentials=switch.recorder) as client:
        await until(client.connected.is_set)
        await client.action("Ping")
        assert client.generation == 1
        assert owner.events == owner.failures == []
