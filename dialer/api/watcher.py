"""One open console: what its user may see of the floor, and what of it changed since he was last told.

A watcher keeps no queue of messages but the set of what changed since its last one, and makes the next from the floor
as it is then: a slow console gets fewer, newer deltas, and memory stays bounded whatever happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import NoReturn

from fastapi import WebSocket

from dialer.api.auth import User
from dialer.api.floor import Floor
from dialer.api.live_schemas import (
    AgentChange,
    AgentLive,
    CampaignChange,
    CampaignLive,
    Delta,
    IntentChange,
    LiveChange,
    LiveView,
    MeChange,
    MeLive,
    Snapshot,
    SwitchChange,
    SwitchLive,
)
from dialer.domain.campaign import CampaignState
from dialer.store.live import AgentFigures, CampaignFigures, Change

#: Supervisors' figures change with every call: more often than this nobody can read them.
FIGURES_PAUSE_S = 0.2
#: An agent's own changes go at once, but not faster than a screen can show them.
OWN_PAUSE_S = 0.01
#: A console that takes nothing for so long is dropped; it comes back by itself.
SEND_LIMIT_S = 5.0
#: Answers to intents that a stalled console may fall behind before it is dropped.
INTENTS_KEPT = 256

SESSION_OVER = 4401
TOO_SLOW = 4408
UNKNOWN_MESSAGE = 1008

#: Campaigns for which nobody needs a dialer.
_IDLE = frozenset({CampaignState.DRAFT, CampaignState.CLOSED})

#: Tells an agent's watcher to look at himself again.
OWN: Change = ("agent", 0)


class Over(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Watcher:
    """One open socket: what its user may see of the floor, and what of it changed since he was last told."""

    def __init__(self, user: User, floor: Floor) -> None:
        self.user = user
        self.floor = floor
        self.is_agent = user.me.role == "agent"
        self.sees_figures = user.me.role in ("supervisor", "admin")
        self.over: int | None = None  # the code to close with
        self._seq = 0
        self._wants_snapshot = True
        self._changed: set[Change] = set()
        self._intents: list[IntentChange] = []
        self._woken = asyncio.Event()
        self._woken.set()

    # --- what is new --------------------------------------------------------------------------------------

    def note(self, changes: Collection[Change]) -> None:
        """These changed, as far as they are his to see."""
        if not changes:
            return
        for change in changes:
            if change[0] == "intent":
                self._intents.append(IntentChange(id=change[1], error=change[3]))
                if len(self._intents) > INTENTS_KEPT:
                    self.close(TOO_SLOW)
            else:
                self._changed.add(change)
        self._woken.set()

    def want_snapshot(self) -> None:
        self._wants_snapshot = True
        self._woken.set()

    def close(self, code: int) -> None:
        self.over = self.over or code
        self._woken.set()

    # --- what is sent -------------------------------------------------------------------------------------

    async def send(self, socket: WebSocket) -> NoReturn:
        """Send what is new as it comes. Raises Over."""
        pause_s = FIGURES_PAUSE_S if self.sees_figures else OWN_PAUSE_S
        while True:
            await self._woken.wait()
            self._woken.clear()
            if self.over is not None:
                raise Over(self.over)
            message = await self._compose()
            if message is None:
                continue
            try:
                async with asyncio.timeout(SEND_LIMIT_S):
                    await socket.send_text(message.model_dump_json())
            except TimeoutError:
                raise Over(TOO_SLOW) from None
            await asyncio.sleep(pause_s)

    async def _compose(self) -> Snapshot | Delta | None:
        if self._wants_snapshot:
            self._wants_snapshot = False
            self._changed.clear()
            view = await self._view()
            self._seq += 1
            return Snapshot(seq=self._seq, view=view)
        changed, self._changed = self._changed, set()
        changes = await self._changes(changed)
        intents, self._intents = self._intents, []
        changes += intents
        if not changes:
            return None
        self._seq += 1
        return Delta(seq=self._seq, changes=changes)

    async def _changes(self, changed: set[Change]) -> list[LiveChange]:
        changes: list[LiveChange] = []
        if ("switch",) in changed:
            changes.append(SwitchChange(value=self._switch()))
        if self.is_agent:
            if any(change[0] != "switch" for change in changed) and (me := await self._me()):
                changes.append(MeChange(value=me))
        elif self.sees_figures:
            for change in sorted(change for change in changed if change[0] in ("campaign", "agent")):
                if change[0] == "campaign":
                    campaign = self.floor.find_campaign(change[1])
                    shown = _show_campaign(campaign) if campaign and _at_work(campaign) else None
                    changes.append(CampaignChange(id=change[1], value=shown))
                elif change[0] == "agent":
                    agent = self.floor.find_agent(change[1])
                    changes.append(AgentChange(id=change[1], value=_show_agent(agent) if agent else None))
        return changes

    async def _view(self) -> LiveView:
        folds = self.floor.folds.values() if self.sees_figures else ()
        return LiveView(
            me=await self._me() if self.is_agent else None,
            campaigns={
                c.id: _show_campaign(c) for fold in folds for c in fold.campaigns.values() if _at_work(c)
            },
            agents={a.id: _show_agent(a) for fold in folds for a in fold.agents.values()},
            switch=self._switch(),
            server_time=datetime.now(UTC),
        )

    async def _me(self) -> MeLive | None:
        fold = self.floor.folds.get(self.user.group_id)
        agent = fold.agents.get(self.user.me.id) if fold else None
        if fold is None or agent is None:
            return None
        call = await self.floor.card_of(agent)
        return MeLive(
            state=agent.state,
            reason=agent.reason,
            since=agent.since,
            leg_up=agent.leg_up,
            after_wrap_up=agent.after_wrap_up,
            calls_today=agent.calls_today,
            call=call,
            campaigns=list(self.floor.running_campaigns(fold.shard_id)),
        )

    def _switch(self) -> SwitchLive:
        """An agent's own shard; for everybody else, all that have work."""
        folds = list(self.floor.folds.values())
        if self.is_agent:
            folds = [fold for fold in folds if fold.shard_id == self.user.group_id]
        else:
            folds = [f for f in folds if any(c.state not in _IDLE for c in f.campaigns.values())] or folds
        up = [self.floor.leases.get(fold.shard_id, False) for fold in folds]
        return SwitchLive(
            dialer_up=bool(up) and all(up),
            switch_up=bool(up) and all(up) and all(fold.switch_up for fold in folds),
        )


def _at_work(campaign: CampaignFigures) -> bool:
    """Not in the archive; one that got there while it was just being started is seen until it stands."""
    return not (campaign.archived and campaign.state in _IDLE)


def _show_campaign(campaign: CampaignFigures) -> CampaignLive:
    return CampaignLive(
        id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        state_reason=campaign.state_reason,
        mode=campaign.mode,
        ratio=campaign.ratio,
        rule_set=campaign.rule_set,
        version=campaign.version,
        dialling=campaign.dialling,
        ringing=campaign.ringing,
        waiting=campaign.waiting,
        talking=campaign.talking,
        attempts_today=campaign.attempts_today,
        live_answers_today=campaign.live_answers_today,
        connected_today=campaign.connected_today,
        abandoned_today=campaign.abandoned_today,
        abandon_rate=campaign.abandon_rate,
        abandon_cap=campaign.abandon_cap,
        outcomes_today=campaign.outcomes_today,
        leads_left=campaign.leads_left,
        pacing=campaign.pacing,
    )


def _show_agent(agent: AgentFigures) -> AgentLive:
    return AgentLive(
        id=agent.id,
        name=agent.name,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        leg_up=agent.leg_up,
        attempt_id=agent.attempt_id,
        calls_today=agent.calls_today,
    )
