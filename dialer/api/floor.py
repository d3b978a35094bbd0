"""The floor as the API holds it: one fold per shard, kept current by one LISTEN, and the cards of the calls on it.

One task follows the log. It alone changes folds and cards, under `_lock` together with the two slow questions the log
does not answer (leads left, who holds the shards' leases).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import structlog

from dialer.api.cards import advance, fill_script, show_card
from dialer.api.live_schemas import CallCard
from dialer.api.script_views import ScriptView
from dialer.domain.agent import AgentState
from dialer.domain.campaign import CampaignState
from dialer.store.database import CONNECTION_ERRORS
from dialer.store.listening import notifications
from dialer.store.live import WAITING_STATES, AgentFigures, CampaignFigures, Change, Event, LiveFold
from dialer.store.read_models import (
    EVENTS_AT_ONCE,
    Card,
    load_live,
    read_card,
    read_events,
    refresh_leads_left,
    refresh_settings,
)

log = structlog.get_logger()

#: How often the shards' leases are looked at.
LEASE_POLL_S = 1.0
#: How often what is left to dial is counted.
LEADS_POLL_S = 5.0
#: A push waits this long for a card that is being read; then it goes without, and again when the card is there.
CARD_WAIT_S = 0.25
_CARD_RETRY_S = 0.5

#: What a database away, coming back or being mended answers: the live view waits for it, whatever it says.
DATABASE_ERRORS = (*CONNECTION_ERRORS, asyncpg.PostgresError)

#: An attempt's id, or the id of a previewed lead.
CardKey = str | int


@dataclass(slots=True)
class _HeldCard:
    """A card, from when it is asked for. Events that come before it is read are applied to it afterwards."""

    ready: asyncio.Event = field(default_factory=asyncio.Event)
    card: Card | None = None
    missed: list[Event] = field(default_factory=list)
    scripts: dict[int, ScriptView | None] = field(default_factory=dict)  # by agent


class Floor:
    """What is known of every shard. `tell` hears of each change: (shard id, changes); None: anything may be new."""

    def __init__(
        self,
        dsn: str,
        pool: asyncpg.Pool,
        *,
        tell: Callable[[int, Collection[Change] | None], None],
        hear_console: Callable[[str], None],
    ) -> None:
        self._dsn = dsn
        self._pool = pool
        self._tell = tell
        self._hear_console = hear_console
        self._lock = asyncio.Lock()
        self._cards: dict[CardKey, _HeldCard] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.folds: dict[int, LiveFold] = {}
        self.leases: dict[int, bool] = {}
        #: The log is being followed: what is shown is current.
        self.following = False
        self.begun = asyncio.Event()
        #: Shards whose agents watch: only their cards are read ahead.
        self.watched_shards: Collection[int] = ()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._follow())
                self._tasks.create_task(self._poll_leases())
                self._tasks.create_task(self._poll_leads())
        finally:
            self.following = False

    # --- the log ----------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        channels = ("cadencia_log", "cadencia_campaign", "cadencia_console")
        async with aclosing(notifications(self._dsn, *channels)) as words:
            async for word in words:
                try:
                    async with self._lock:
                        await self._heed(word)
                    self.following = True
                    self.begun.set()
                except DATABASE_ERRORS as error:
                    # The listener loses its connection too, and says None when the database is back.
                    self.following = False
                    log.warning("live_view_stands_still", error=str(error) or type(error).__name__)

    async def _heed(self, word: tuple[str, str] | None) -> None:
        match word:
            case None:
                await self._look_for_shards()
                for shard_id in list(self.folds):
                    await self._catch_up(shard_id)
                    await self._refresh(shard_id)
            case ("cadencia_log", payload):
                shard, _, seq = payload.partition(":")
                if not (shard.isdigit() and seq.isdigit()):
                    return
                fold = self.folds.get(int(shard))
                if fold is None:
                    await self._look_for_shards()
                elif fold.seq < int(seq):
                    await self._catch_up(fold.shard_id)
            case ("cadencia_campaign", _):
                await self._look_for_shards()
                for shard_id in list(self.folds):
                    await self._refresh(shard_id)
            case (_, payload):
                self._hear_console(payload)

    async def _look_for_shards(self) -> None:
        known = {row["id"] for row in await self._pool.fetch("SELECT id FROM agent_group")}
        for shard_id in known - self.folds.keys():
            self.folds[shard_id] = await load_live(self._pool, shard_id)
            self._tell(shard_id, None)

    async def _catch_up(self, shard_id: int) -> None:
        """Take in the shard's events up to now and tell what they changed, once."""
        fold = self.folds[shard_id]
        changes: set[Change] = set()
        while True:
            events = await read_events(self._pool, shard_id, fold.seq)
            try:
                for event in events:
                    changes |= fold.apply(event)
                    self._keep_cards_current(shard_id, event)
            except ValueError as error:
                log.warning("live_view_begins_anew", error=str(error))
                self.folds[shard_id] = await load_live(self._pool, shard_id)
                self._cards.clear()
                self._tell(shard_id, None)
                return
            if len(events) < EVENTS_AT_ONCE:
                break
        if changes:
            self._ask_for_cards(fold, changes)
            self._tell(shard_id, changes)
        if fold.has_strangers:
            await self._refresh(shard_id)

    async def _refresh(self, shard_id: int) -> None:
        fold = self.folds[shard_id]
        changes = await refresh_settings(self._pool, fold)
        changes |= fold.begin_day(datetime.now(UTC).date())
        if changes:
            self._tell(shard_id, changes)

    def running_campaigns(self, shard_id: int) -> tuple[str, ...]:
        """The names of the shard's campaigns that dial now."""
        campaigns = self.folds[shard_id].campaigns.values() if shard_id in self.folds else ()
        return tuple(campaign.name for campaign in campaigns if campaign.state is CampaignState.RUNNING)

    def find_campaign(self, campaign_id: int) -> CampaignFigures | None:
        return next(
            (f.campaigns[campaign_id] for f in self.folds.values() if campaign_id in f.campaigns), None
        )

    def find_agent(self, agent_id: int) -> AgentFigures | None:
        return next((f.agents[agent_id] for f in self.folds.values() if agent_id in f.agents), None)

    async def meet(self, shard_id: int, agent_id: int) -> None:
        """Make sure that an agent who logs in is known: he may be new."""
        fold = self.folds.get(shard_id)
        if fold is None or agent_id not in fold.agents:
            async with self._lock:
                await self._look_for_shards()
                await self._refresh(shard_id)

    # --- what the log does not tell ---------------------------------------------------------------------

    async def _poll_leases(self) -> None:
        while True:
            try:
                rows = await self._pool.fetch(
                    "SELECT agent_group_id, coalesce(lease_until > now(), false) AS up FROM shard"
                )
                leases = {row["agent_group_id"]: row["up"] for row in rows}
            except DATABASE_ERRORS:
                leases = {}  # nobody who can't reach the database dials
            changed = {id_ for id_ in leases | self.leases if leases.get(id_) != self.leases.get(id_)}
            self.leases = leases
            for shard_id in changed:
                self._tell(shard_id, {("switch",)})
            self._forget_cards()
            await asyncio.sleep(LEASE_POLL_S)

    async def _poll_leads(self) -> None:
        while True:
            await asyncio.sleep(LEADS_POLL_S)
            try:
                async with self._lock:
                    for shard_id, fold in self.folds.items():
                        changes = await refresh_leads_left(self._pool, fold)
                        changes |= fold.begin_day(datetime.now(UTC).date())
                        if changes:
                            self._tell(shard_id, changes)
            except DATABASE_ERRORS:
                continue

    # --- cards ------------------------------------------------------------------------------------------

    async def card_of(self, agent: AgentFigures) -> CallCard | None:
        """What the agent has on his screen: his call, or the lead he previews. Waits shortly for one being read."""
        key = _card_key(agent)
        if key is None:
            return None
        held = self._ask_for_card(key)
        if not held.ready.is_set():
            try:
                async with asyncio.timeout(CARD_WAIT_S):
                    await held.ready.wait()
            except TimeoutError:
                return None
        if held.card is None:
            return None
        if agent.id not in held.scripts:
            held.scripts[agent.id] = fill_script(held.card, agent.name)
        return show_card(held.card, agent, held.scripts[agent.id])

    def _keep_cards_current(self, shard_id: int, event: Event) -> None:
        if event.attempt_id is None:
            return
        held = self._cards.get(event.attempt_id)
        if held is not None:
            if held.card is None:
                held.missed.append(event)
            else:
                held.card = advance(held.card, event)
        elif (
            event.type == "AttemptMoved"
            and event.data["state"] in WAITING_STATES
            and shard_id in self.watched_shards
        ):
            # In a moment an agent will have this customer on the line: the push must not wait for a query.
            self._ask_for_card(event.attempt_id)

    def _ask_for_cards(self, fold: LiveFold, changes: Collection[Change]) -> None:
        for change in changes:
            if change[0] == "agent" and (agent := fold.agents.get(change[1])):
                key = _card_key(agent)
                if key is not None and fold.shard_id in self.watched_shards:
                    self._ask_for_card(key)

    def _ask_for_card(self, key: CardKey) -> _HeldCard:
        held = self._cards.get(key)
        if held is None:
            held = self._cards[key] = _HeldCard()
            assert self._tasks is not None
            self._tasks.create_task(self._read_card(key, held))
        return held

    async def _read_card(self, key: CardKey, held: _HeldCard) -> None:
        """Read the card, as often as it takes; when a push may have gone without it, tell the agents who have it."""
        asked_at = time.monotonic()
        while self._cards.get(key) is held:
            try:
                if isinstance(key, str):
                    card = await read_card(self._pool, attempt_id=key)
                else:
                    card = await read_card(self._pool, lead_id=key)
                break
            except DATABASE_ERRORS:
                await asyncio.sleep(_CARD_RETRY_S)
        else:
            return
        if card is not None:
            for event in held.missed:
                card = advance(card, event)
        held.missed.clear()
        held.card = card
        held.ready.set()
        if time.monotonic() - asked_at < CARD_WAIT_S / 2:
            return
        for fold in self.folds.values():
            holders: set[Change] = {("agent", a.id) for a in fold.agents.values() if _card_key(a) == key}
            if holders:
                self._tell(fold.shard_id, holders)

    def _forget_cards(self) -> None:
        """Let go of the cards of calls that are over and on nobody's screen."""
        needed: set[CardKey] = set()
        for fold in self.folds.values():
            needed |= fold.calls.keys()
            needed |= {key for agent in fold.agents.values() if (key := _card_key(agent)) is not None}
        for key in [key for key in self._cards if key not in needed]:
            del self._cards[key]


def _card_key(agent: AgentFigures) -> CardKey | None:
    if agent.state is AgentState.PREVIEWING and agent.lead_id is not None:
        return agent.lead_id
    return agent.attempt_id
