"""One console's messages without a socket: what is coalesced, what is dropped, who is slow."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dialer.api import watcher as watcher_module
from dialer.api.auth import User
from dialer.api.live_schemas import CallCard
from dialer.api.schemas import Me, Role
from dialer.api.watcher import INTENTS_KEPT, OWN, SESSION_OVER, TOO_SLOW, Over, Watcher
from dialer.domain.agent import AgentState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.store.live import AgentFigures, CampaignFigures, LiveFold

T0 = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
GROUP, AGENT, CAMPAIGN = 3, 7, 11


class StillFloor:
    """A floor that changes only by the test's hand."""

    def __init__(self) -> None:
        self.agent = AgentFigures(AGENT, "Luis", AgentState.READY, None, T0)
        self.campaign = CampaignFigures(
            CAMPAIGN, "Mora", CampaignState.RUNNING, None, DialMode.PREDICTIVE, 1.5, "laboratory", 1, 0.03
        )
        fold = LiveFold(
            GROUP, 1, date(2026, 11, 20), True, {CAMPAIGN: self.campaign}, {AGENT: self.agent}, {}
        )
        self.folds = {GROUP: fold}
        self.leases = {GROUP: True}

    def find_campaign(self, campaign_id: int) -> CampaignFigures | None:
        return self.folds[GROUP].campaigns.get(campaign_id)

    def find_agent(self, agent_id: int) -> AgentFigures | None:
        return self.folds[GROUP].agents.get(agent_id)

    def running_campaigns(self, shard_id: int) -> tuple[str, ...]:
        return ("Mora",)

    async def card_of(self, agent: AgentFigures) -> CallCard | None:
        return None


class Socket:
    """Takes messages while it is open; a stuck one takes none."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.free = asyncio.Event()
        self.free.set()

    async def send_text(self, text: str) -> None:
        await self.free.wait()
        self.sent.append(json.loads(text))


def watch(floor: StillFloor, role: Role, user_id: int = AGENT) -> Watcher:
    me = Me(
        id=user_id, login="x", display_name="x", role=role, agent_group_id=GROUP if role == "agent" else None
    )
    return Watcher(User(me, "hash", T0), floor)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher_module, "FIGURES_PAUSE_S", 0.05)
    monkeypatch.setattr(watcher_module, "SEND_LIMIT_S", 0.1)


async def run(watcher: Watcher, socket: Socket, seconds: float = 0.02) -> None:
    """Let the watcher send for a while."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await watcher.send(socket)  # type: ignore[arg-type]


async def test_the_first_message_is_the_snapshot_then_numbers_follow() -> None:
    floor, socket = StillFloor(), Socket()
    watcher = watch(floor, "agent")
    await run(watcher, socket)
    floor.agent.state = AgentState.NOT_READY
    watcher.note([("agent", AGENT)])
    await run(watcher, socket)
    watcher.note([OWN])
    await run(watcher, socket)
    assert [(m["type"], m["seq"]) for m in socket.sent] == [("snapshot", 1), ("delta", 2), ("delta", 3)]
    assert socket.sent[0]["view"]["me"]["state"] == "ready"
    assert socket.sent[0]["view"]["switch"] == {"dialer_up": True, "switch_up": True}
    (change,) = socket.sent[1]["changes"]
    assert (change["kind"], change["value"]["state"]) == ("me", "not_ready")


async def test_figures_are_coalesced_to_the_newest() -> None:
    floor, socket = StillFloor(), Socket()
    watcher = watch(floor, "supervisor")
    await run(watcher, socket)
    for n in range(100):
        floor.campaign.attempts_today = n
        watcher.note([("campaign", CAMPAIGN), ("agent", AGENT)])
    await run(watcher, socket, 0.2)
    assert len(socket.sent) == 2
    agent, campaign = socket.sent[1]["changes"]
    assert (agent["kind"], campaign["kind"], campaign["value"]["attempts_today"]) == ("agent", "campaign", 99)


async def test_what_is_gone_is_said_to_be_gone() -> None:
    floor, socket = StillFloor(), Socket()
    watcher = watch(floor, "supervisor")
    await run(watcher, socket)
    floor.folds[GROUP].agents.clear()
    watcher.note([("agent", AGENT)])
    await run(watcher, socket, 0.1)
    assert socket.sent[1]["changes"] == [{"kind": "agent", "id": AGENT, "value": None}]


async def test_answers_to_intents_are_never_coalesced() -> None:
    socket = Socket()
    watcher = watch(StillFloor(), "agent")
    await run(watcher, socket)
    watcher.note([("intent", 1, AGENT, None)])
    watcher.note([("intent", 2, AGENT, "not_ready")])
    await run(watcher, socket)
    assert socket.sent[1]["changes"] == [
        {"kind": "intent", "id": 1, "error": None},
        {"kind": "intent", "id": 2, "error": "not_ready"},
    ]


async def test_reviewers_get_the_switch_alone() -> None:
    floor, socket = StillFloor(), Socket()
    watcher = watch(floor, "qa", user_id=99)
    await run(watcher, socket)
    view = socket.sent[0]["view"]
    assert (view["me"], view["campaigns"], view["agents"]) == (None, {}, {})
    floor.leases[GROUP] = False
    watcher.note([("switch",)])
    await run(watcher, socket)
    assert socket.sent[1]["changes"] == [
        {"kind": "switch", "value": {"dialer_up": False, "switch_up": False}}
    ]


async def test_a_resync_swallows_what_was_pending() -> None:
    socket = Socket()
    watcher = watch(StillFloor(), "supervisor")
    await run(watcher, socket)
    watcher.note([("agent", AGENT)])
    watcher.want_snapshot()
    await run(watcher, socket, 0.2)
    assert [(m["type"], m["seq"]) for m in socket.sent] == [("snapshot", 1), ("snapshot", 2)]


async def test_a_console_that_takes_nothing_is_dropped() -> None:
    socket = Socket()
    socket.free.clear()
    watcher = watch(StillFloor(), "supervisor")
    for _ in range(10_000):
        watcher.note([("agent", AGENT), ("campaign", CAMPAIGN)])
    with pytest.raises(Over) as over:
        async with asyncio.timeout(2):
            await watcher.send(socket)  # type: ignore[arg-type]
    assert over.value.code == TOO_SLOW
    assert len(watcher._changed) == 0


async def test_one_that_falls_behind_with_its_answers_is_dropped() -> None:
    socket = Socket()
    watcher = watch(StillFloor(), "agent")
    for n in range(INTENTS_KEPT + 1):
        watcher.note([("intent", n, AGENT, None)])
    with pytest.raises(Over) as over:
        await watcher.send(socket)  # type: ignore[arg-type]
    assert over.value.code == TOO_SLOW


async def test_a_closed_session_ends_it_at_once() -> None:
    socket = Socket()
    watcher = watch(StillFloor(), "agent")
    watcher.close(SESSION_OVER)
    watcher.close(TOO_SLOW)
    with pytest.raises(Over) as over:
        await watcher.send(socket)  # type: ignore[arg-type]
    assert over.value.code == SESSION_OVER
    assert socket.sent == []
