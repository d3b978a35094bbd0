"""A shard: one agent group with its campaigns, one engine, one writer. The only loop around the engine.

```
switch, intents, claims ──> inbox ──> Engine.handle ──> commands ──> switch (at once)
                              ^            │facts
                              │            v
                AttemptsCommitted <── writer: one transaction per batch
```
Bridges and hang-ups go out at once: two seconds do not wait for a disk. An Originate is ordered by the engine only
after AttemptsCommitted, so nothing is ever dialled that is not on disk. While one batch is being written the next
gathers, so the log's transactions grow with the load instead of piling up.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog

from dialer.domain.commands import ClaimLeads, ClaimPhone, Command, RenderText, ScreenerCommand
from dialer.domain.errors import InvalidTransition, Refused
from dialer.domain.events import (
    AnyEvent,
    AttemptsCommitted,
    CampaignEdited,
    LeadsClaimed,
    LeadsWithdrawn,
    LogBack,
    LogLost,
    PhoneClaimed,
    StaffingPlanned,
    TextRendered,
    TrunksEdited,
    Wished,
)
from dialer.domain.facts import AnyFact, AttemptPlanned, IntentSettled
from dialer.domain.wishes import parse_wish
from dialer.engine import Engine
from dialer.ports import FenceLost, LogUnavailable, Publisher, Screener, ShardStore, Speaker, Switch

log = structlog.get_logger()

#: The shard's lease: a dead owner's shard is free after this. Renewed every third of it.
SHARD_LEASE = timedelta(seconds=6)
#: How long a claimed lead is ours: a preview may be read that long, a dead process hides it no longer.
LEAD_LEASE = timedelta(minutes=5)
#: A listing of channels is compared with what we believe this often: a lost Hangup is found by it.
LISTING_EVERY_S = 15.0
#: Leads whose rest has ended enter the claim's order, and claims that ran out go back, this often.
TEND_EVERY_S = 2.0
#: Facts waiting for the disk. Beyond, the log counts as lost: memory is no log.
MAX_UNWRITTEN = 50_000
#: How long facts gather before a batch is written: a journey to the database costs as much for one as for ten.
GATHER_S = 0.02
#: How long the last batch of a shard that stops may take.
LAST_WORDS_S = 3.0
#: Pause before a batch that could not be written is tried again.
LOG_RETRY_S = 0.5

#: Texts being made into files at once, and waiting for it; beyond, calls go without.
SPEAKERS, MOST_TEXTS = 2, 200

MakeSwitch = Callable[[Callable[[AnyEvent], None]], Switch]
MakeScreener = Callable[[Callable[[AnyEvent], None]], Screener]
OnFacts = Callable[[Sequence[AnyFact]], None]


class Shard:
    """Runs one agent group until cancelled, or until another process has taken it (FenceLost)."""

    def __init__(
        self,
        agent_group_id: int,
        *,
        store: ShardStore,
        make_switch: MakeSwitch,
        publishers: Sequence[Publisher] = (),
        owner: str,
        make_screener: MakeScreener | None = None,
        speaker: Speaker | None = None,
    ) -> None:
        self._agent_group_id = agent_group_id
        self._store = store
        self._switch = make_switch(self._hear)
        #: None: calls are never listened to, whatever a campaign wants.
        self._screener = make_screener(self._hear) if make_screener else None
        self._speaker = speaker
        self._texts: asyncio.Queue[RenderText] = asyncio.Queue(maxsize=MOST_TEXTS)
        self._publishers = publishers
        self._owner = owner
        self._inbox: deque[AnyEvent] = deque()
        self._news = asyncio.Event()
        self._facts: deque[AnyFact] = deque()
        self._unwritten = asyncio.Event()
        self._store_orders: asyncio.Queue[ClaimLeads | ClaimPhone] = asyncio.Queue(maxsize=1000)
        self.running = asyncio.Event()

    async def run(self) -> None:
        """Wait for the lease, load, and dial."""
        await self._acquire()
        try:
            state = await self._store.load()
            seed = secrets.randbits(63)
            engine = Engine(state, at=_now(), seed=seed)
            log.info("shard_started", group=self._agent_group_id, fence=state.fence, seed=seed)
            async with self._last_words(engine), asyncio.TaskGroup() as group:
                group.create_task(self._loop(engine), name="engine")
                group.create_task(self._write(), name="writer")
                group.create_task(self._switch.run(), name="switch")
                group.create_task(self._renew(), name="lease")
                group.create_task(self._list_channels(), name="listing")
                group.create_task(self._tend(), name="tending")
                group.create_task(self._serve_claims(), name="claims")
                group.create_task(self._take_intents(), name="intents")
                group.create_task(self._take_edits(), name="edits")
                group.create_task(self._take_trunks(), name="trunks")
                group.create_task(self._take_staffing(), name="staffing")
                if self._screener is not None:
                    group.create_task(self._screener.run(), name="screener")
                for n in range(SPEAKERS):
                    group.create_task(self._speak(), name=f"speaker {n}")
                group.create_task(self._take_withdrawals(), name="withdrawals")
                self.running.set()
        finally:
            self.running.clear()
            await asyncio.shield(self._store.release())

    @asynccontextmanager
    async def _last_words(self, engine: Engine) -> AsyncIterator[None]:
        """When stopped in peace, log what is not yet written and what the pacing knows."""
        try:
            yield
        except asyncio.CancelledError:
            self._facts.extend(engine.farewell(_now()))
            try:
                await asyncio.shield(self._write_rest())
            except (LogUnavailable, FenceLost, TimeoutError) as error:
                log.warning("last_words_lost", why=str(error) or type(error).__name__)
            raise

    async def _write_rest(self) -> None:
        async with asyncio.timeout(LAST_WORDS_S):
            await self._store.append(list(self._facts))

    async def _acquire(self) -> None:
        waited = False
        while (await self._store.acquire(self._agent_group_id, self._owner, SHARD_LEASE)) is None:
            if not waited:
                log.info("shard_taken", group=self._agent_group_id, hint="waiting for its lease to end")
            waited = True
            await asyncio.sleep(0.5)

    # --- the loop -------------------------------------------------------------------------------------

    def _hear(self, event: AnyEvent) -> None:
        self._inbox.append(event)
        self._news.set()

    async def _loop(self, engine: Engine) -> None:
        while True:
            await self._wait(engine.next_deadline())
            events = list(self._inbox)
            self._inbox.clear()
            self._news.clear()
            now = _now()
            at = max([now, *(event.at for event in events)])
            try:
                step = engine.handle(events, at)
            except InvalidTransition as bug:
                log.critical("invalid_transition", what=bug.what, state=bug.state, story=bug.history)
                raise
            for command in step.commands:
                self._execute(command)
            if step.facts:
                self._facts.extend(step.facts)
                self._unwritten.set()
                if len(self._facts) > MAX_UNWRITTEN:
                    raise LogUnavailable(f"{len(self._facts)} facts wait for the disk")

    async def _wait(self, deadline: datetime | None) -> None:
        """Until there is news, or the deadline has come. Always gives the loop a turn."""
        if self._inbox:
            await asyncio.sleep(0)
            return
        alarm = None
        if deadline is not None:
            in_s = max(0.0, (deadline - _now()).total_seconds())
            alarm = asyncio.get_running_loop().call_later(in_s, self._news.set)
        try:
            await self._news.wait()
        finally:
            if alarm is not None:
                alarm.cancel()

    def _execute(self, command: Command) -> None:
        if isinstance(command, ClaimLeads | ClaimPhone):
            self._store_orders.put_nowait(command)
        elif isinstance(command, ScreenerCommand):
            if self._screener is not None:
                self._screener.execute(command)
        elif isinstance(command, RenderText):
            if self._texts.full():
                self._hear(
                    TextRendered(at=_now(), attempt_id=command.attempt_id, kind=command.kind, file=None)
                )
            else:
                self._texts.put_nowait(command)
        else:
            self._switch.execute(command)

    async def _speak(self) -> None:
        while True:
            order = await self._texts.get()
            file = await self._speaker.render(order) if self._speaker else None
            self._hear(TextRendered(at=_now(), attempt_id=order.attempt_id, kind=order.kind, file=file))

    # --- the log --------------------------------------------------------------------------------------

    async def _write(self) -> None:
        """Write what has gathered, again and again; a failed batch is kept and tried until it is in."""
        while True:
            await self._unwritten.wait()
            await asyncio.sleep(GATHER_S)
            self._unwritten.clear()
            batch = list(self._facts)
            lost = False
            while batch:
                try:
                    committed = await self._store.append(batch)
                except LogUnavailable as error:
                    if not lost:
                        log.error("log_lost", why=str(error))
                        self._hear(LogLost(at=_now(), why=str(error)))
                    lost = True
                    await asyncio.sleep(LOG_RETRY_S)
                    continue
                break
            if lost:
                log.info("log_back")
                self._hear(LogBack(at=_now()))
            for _ in batch:
                self._facts.popleft()
            if self._facts:
                self._unwritten.set()
            planned = frozenset(f.attempt.id for f in batch if isinstance(f, AttemptPlanned))
            if planned:
                self._hear(
                    AttemptsCommitted(at=_now(), committed=committed & planned, refused=planned - committed)
                )
            for publisher in self._publishers:
                publisher.publish(batch)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(SHARD_LEASE.total_seconds() / 3)
            try:
                await self._store.renew(SHARD_LEASE)
            except LogUnavailable as error:
                log.warning("lease_not_renewed", why=str(error))

    async def _tend(self) -> None:
        while True:
            try:
                await self._store.tend(_now())
            except LogUnavailable as error:
                log.warning("leads_not_tended", why=str(error))
            await asyncio.sleep(TEND_EVERY_S)

    async def _list_channels(self) -> None:
        while True:
            await asyncio.sleep(LISTING_EVERY_S)
            self._switch.list_channels()

    # --- the store's other news -----------------------------------------------------------------------

    async def _serve_claims(self) -> None:
        while True:
            order = await self._store_orders.get()
            match order:
                case ClaimLeads():
                    await self._claim(order)
                case ClaimPhone():
                    await self._claim_phone(order)

    async def _claim(self, order: ClaimLeads) -> None:
        try:
            leads = await self._store.claim(
                order.campaign_id, order.count, LEAD_LEASE, _now(), order.closed_zones
            )
        except LogUnavailable as error:
            log.warning("claim_failed", why=str(error))
            leads = []
        self._hear(
            LeadsClaimed(at=_now(), campaign_id=order.campaign_id, asked=order.count, leads=tuple(leads))
        )

    async def _claim_phone(self, order: ClaimPhone) -> None:
        try:
            lead = await self._store.claim_phone(order.number, order.campaign_ids, LEAD_LEASE, _now())
        except LogUnavailable as error:
            log.warning("claim_failed", why=str(error))
            lead = None
        self._hear(
            PhoneClaimed(
                at=_now(),
                intent_id=order.intent_id,
                agent_id=order.agent_id,
                lead=lead,
                number=order.number,
            )
        )

    async def _take_intents(self) -> None:
        async for intent in self._store.intents():
            try:
                wish = parse_wish(intent.role, intent.type, intent.data)
            except Refused as refusal:
                self._facts.append(
                    IntentSettled(at=_now(), intent_id=intent.id, user_id=intent.user_id, error=refusal.code)
                )
                self._unwritten.set()
                continue
            self._hear(Wished(at=_now(), intent_id=intent.id, user_id=intent.user_id, wish=wish))

    async def _take_edits(self) -> None:
        async for campaign, dispositions in self._store.campaign_changes():
            self._hear(CampaignEdited(at=_now(), campaign=campaign, dispositions=dispositions))

    async def _take_trunks(self) -> None:
        async for trunks in self._store.trunk_changes():
            log.info("trunks_changed", trunks=[trunk.name for trunk in trunks if trunk.fault is None])
            self._hear(TrunksEdited(at=_now(), trunks=trunks))

    async def _take_staffing(self) -> None:
        async for staffing in self._store.staffing():
            self._hear(StaffingPlanned(at=_now(), staffing=staffing))

    async def _take_withdrawals(self) -> None:
        async for lead_ids in self._store.withdrawals():
            self._hear(LeadsWithdrawn(at=_now(), lead_ids=lead_ids))


def _now() -> datetime:
    return datetime.now(UTC)
