"""A floor to play on: a real Engine, a virtual clock, the store's part played, and a watch over every step.

```
scene = Scene(campaign(mode=DialMode.PROGRESSIVE), leads=[lead(1)])
scene.log_in(1)              # phone up, ready: the lead is claimed, planned, committed and dialled
call = scene.dialled[-1]     # the attempt the switch was told to dial
step = scene.answer(call)    # facts and commands that came of it
```
The store answers at once: planned attempts are committed (unless `hold_commits`), leads are claimed from the list
given. The switch is the test: what it says is said through `feed` or the short methods below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from watch import Watch

from dialer.domain.agent import AgentState
from dialer.domain.campaign import Campaign, CampaignState, DialMode, RecordingNotice
from dialer.domain.commands import ClaimLeads, Command, Originate
from dialer.domain.events import (
    AnyEvent,
    AttemptsCommitted,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallParked,
    CallRang,
    LeadsClaimed,
    LegHungUp,
    LegParked,
    LiveChannel,
    SwitchAlive,
    SwitchDown,
    SwitchUp,
    Wished,
    Woke,
)
from dialer.domain.facts import AnyFact, AttemptEnded, AttemptPlanned
from dialer.domain.outcomes import Effect, Outcome, PhoneHistory, PhoneStatus
from dialer.domain.stored import ShardState, StoredAgent, StoredDisposition
from dialer.domain.values import (
    Attempt,
    AttemptId,
    ClaimedLead,
    LeadPhone,
    LegId,
    PhoneNumber,
    Trunk,
)
from dialer.domain.wishes import ConnectPhone, GoReady, Wish
from dialer.engine import Engine, Step
from dialer.engine.pool import DECIDE_S
from dialer.engine.records import Agent, Call

#: A Tuesday, 11:00 in Santo Domingo.
T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)
AREAS = (809, 829, 849, 787, 939, 305, 786, 210, 915, 956)
PAID, LATER, CALL_BACK, WRONG, NEVER = "paid", "later", "call_back", "wrong", "never"
DISPOSITIONS = {
    PAID: Effect.FINISH,
    LATER: Effect.RETRY,
    CALL_BACK: Effect.CALLBACK,
    WRONG: Effect.WRONG_NUMBER,
    NEVER: Effect.DO_NOT_CALL,
}


def campaign(
    id: int = 1,
    mode: DialMode = DialMode.PROGRESSIVE,
    *,
    state: CampaignState = CampaignState.RUNNING,
    ratio: float = 1.0,
    max_lines_per_agent: float = 3.0,
    abandon_cap: float = 0.03,
    connect_limit_s: float = 2.0,
    ring_timeout_s: int = 25,
    wrap_up_s: int = 30,
    priority: int = 0,
    rule_set: str = "laboratory",
    notice: RecordingNotice = RecordingNotice.SPOKEN,
) -> Campaign:
    return Campaign(
        id=id,
        name=f"campaign {id}",
        agent_group_id=1,
        state=state,
        mode=mode,
        ratio=ratio,
        max_lines_per_agent=max_lines_per_agent,
        abandon_cap=abandon_cap,
        connect_limit_s=connect_limit_s,
        ring_timeout_s=ring_timeout_s,
        wrap_up_s=wrap_up_s,
        priority=priority,
        rule_set=rule_set,
        recording_notice=notice,
        language="es",
        version=1,
    )


def lead(
    id: int,
    *,
    phones: int = 1,
    campaign_id: int = 1,
    person_id: int | None = None,
    attempts: int = 0,
    lease_until: datetime = T0 + LEASE,
    time_zone: str | None = "America/Santo_Domingo",
    do_not_call: bool = False,
    statuses: Sequence[PhoneStatus] = (),
) -> ClaimedLead:
    """A person with fictional numbers (01XX); phone ids are `10 * id`, `10 * id + 1`..."""
    held = tuple(
        LeadPhone(
            10 * id + n,
            PhoneNumber(f"+1{AREAS[(id + n) % 10]}55501{(id // 10 + n) % 100:02}"),
            PhoneHistory(10 * id + n, statuses[n] if n < len(statuses) else PhoneStatus.ACTIVE),
        )
        for n in range(phones)
    )
    return ClaimedLead(
        id=id,
        campaign_id=campaign_id,
        person_id=1000 + id if person_id is None else person_id,
        phones=held,
        next_phone_id=10 * id,
        attempts=attempts,
        last_n=attempts,
        lease_until=lease_until,
        time_zone=time_zone,
        do_not_call=do_not_call,
    )


def trunk(
    name: str = "telco", *, position: int = 1, cps: float = 50.0, channels: int = 100, ids: int = 1
) -> Trunk:
    caller_ids = tuple(f"+1809555019{n}" for n in range(ids))
    return Trunk(position, name, position, calls_per_second=cps, channels=channels, caller_ids=caller_ids)


def stored_agent(
    id: int,
    state: AgentState = AgentState.LOGGED_OUT,
    *,
    leg_id: LegId | None = None,
    attempt_id: AttemptId | None = None,
    since: datetime = T0,
    after_wrap_up: str | None = None,
) -> StoredAgent:
    return StoredAgent(
        id, f"agent {id}", f"agent-{id}", state, None, since, leg_id, attempt_id, after_wrap_up
    )


def shard_state(
    *campaigns: Campaign, agents: int | Iterable[StoredAgent] = 2, trunks: Sequence[Trunk] = ()
) -> ShardState:
    chosen = campaigns or (campaign(),)
    staff = tuple(map(stored_agent, range(1, agents + 1))) if isinstance(agents, int) else tuple(agents)
    return ShardState(
        fence=1,
        campaigns=chosen,
        trunks=tuple(trunks) or (trunk(),),
        agents=staff,
        dispositions=tuple(StoredDisposition(c.id, *said) for c in chosen for said in DISPOSITIONS.items()),
        open_attempts=(),
        unfinished=(),
        tallies=(),
    )


class Scene:
    """A shard's engine with the rest of the world in the test's hands."""

    def __init__(
        self,
        *campaigns: Campaign,
        leads: Iterable[ClaimedLead] = (),
        agents: int = 2,
        trunks: Sequence[Trunk] = (),
        state: ShardState | None = None,
        seed: int = 7,
        switch_up: bool = True,
        hold_commits: bool = False,
    ) -> None:
        self.now = T0
        self.state = state or shard_state(*campaigns, agents=agents, trunks=trunks)
        #: What the store still has, to be claimed.
        self.list: list[ClaimedLead] = list(leads)
        self.hold_commits = hold_commits
        #: Planned and waiting for `commit()`.
        self.uncommitted: list[AttemptId] = []
        self.facts: list[AnyFact] = []
        self.commands: list[Command] = []
        self.planned: list[Attempt] = []
        self.dialled: list[AttemptId] = []
        self.seed = seed
        #: Everything the engine was told, to be told again: (events, at).
        self.told: list[tuple[tuple[AnyEvent, ...], datetime]] = []
        #: The switch gives no sign of life but its events.
        self.silent = False
        self._intents = count(1)
        self.engine = Engine(self.state, at=self.now, seed=seed)
        self.floor = self.engine.floor
        self.watch = Watch(self.engine, self.state)
        if switch_up:
            self.feed(SwitchUp(at=self.now, channels=()))

    # --- telling ------------------------------------------------------------------------------------------

    def feed(self, *events: AnyEvent) -> Step:
        """Tell the engine, play the store's answers, and give all that came of it (claims of leads left out)."""
        total = Step()
        pending: tuple[AnyEvent, ...] = events
        if not self.silent:
            pending = (SwitchAlive(at=self.now), *events)
        while True:
            step = self._handle(pending)
            answers: list[AnyEvent] = []
            planned = [fact.attempt for fact in step.facts if isinstance(fact, AttemptPlanned)]
            self.planned += planned
            self.uncommitted += [attempt.id for attempt in planned]
            for command in step.commands:
                if isinstance(command, ClaimLeads):
                    answers.append(self._claim(command))
                elif isinstance(command, Originate):
                    self.dialled.append(command.attempt.id)
            if planned and not self.hold_commits:
                answers.append(self._committed())
            total.facts += step.facts
            total.commands += [c for c in step.commands if not isinstance(c, ClaimLeads)]
            if not answers:
                return total
            pending = tuple(answers)

    def _handle(self, events: tuple[AnyEvent, ...]) -> Step:
        at = max([self.now, *(event.at for event in events)])
        self.told.append((events, at))
        self.watch.before(events)
        step = self.engine.handle(events, at)
        self.facts += step.facts
        self.commands += step.commands
        self.watch.after(step, at)
        return step

    def _claim(self, order: ClaimLeads) -> LeadsClaimed:
        mine = [found for found in self.list if found.campaign_id == order.campaign_id][: order.count]
        self.list = [found for found in self.list if found not in mine]
        leads = tuple(replace(found, lease_until=self.now + LEASE) for found in mine)
        return LeadsClaimed(at=self.now, campaign_id=order.campaign_id, asked=order.count, leads=leads)

    def _committed(self, refused: frozenset[AttemptId] = frozenset()) -> AttemptsCommitted:
        ids, self.uncommitted = frozenset(self.uncommitted), []
        return AttemptsCommitted(at=self.now, committed=ids - refused, refused=refused)

    def commit(self, *, refuse: Iterable[AttemptId] = ()) -> Step:
        """The store's answer to all held plans."""
        return self.feed(self._committed(frozenset(refuse)))

    # --- time ---------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> Step:
        """Let time pass, waking the engine when it asks to be; all that came of it."""
        total = Step()
        end = self.now + timedelta(seconds=seconds)
        while (deadline := self.engine.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            step = self.feed(Woke(at=self.now))
            total.facts += step.facts
            total.commands += step.commands
        self.now = end
        return total

    def later(self, seconds: float) -> None:
        """Move the clock without waking the engine."""
        self.now += timedelta(seconds=seconds)

    # --- people -------------------------------------------------------------------------------------------

    def wish(self, user_id: int, wish: Wish) -> Step:
        return self.feed(
            Wished(at=self.now, intent_id=next(self._intents), user_id=user_id, wish=wish),
        )

    def log_in(self, *agents: int, ready: bool = True) -> None:
        """Bring the agents' phones up, one after the other (so the first is the longest idle), and give a pooled
        mode the time to decide."""
        for agent_id in agents:
            self.wish(agent_id, ConnectPhone())
            self.feed(LegParked(at=self.now, leg_id=self.leg(agent_id)))
            if ready:
                self.wish(agent_id, GoReady())
            self.run(DECIDE_S)

    def agent(self, agent_id: int) -> Agent:
        return self.floor.agents[agent_id]

    def leg(self, agent_id: int) -> LegId:
        leg_id = self.agent(agent_id).leg_id
        assert leg_id is not None, f"agent {agent_id} has no phone leg"
        return leg_id

    def call(self, attempt_id: AttemptId) -> Call:
        return self.floor.calls[attempt_id]

    def attempt(self, attempt_id: AttemptId) -> Attempt:
        return next(a for a in self.planned if a.id == attempt_id)

    # --- the switch ---------------------------------------------------------------------------------------

    def ring(self, attempt_id: AttemptId) -> Step:
        return self.feed(CallRang(at=self.now, attempt_id=attempt_id))

    def answer(self, attempt_id: AttemptId, *, park: bool = True) -> Step:
        """The customer picks up and (10 ms later) stands in the waiting room."""
        step = self.feed(CallAnswered(at=self.now, attempt_id=attempt_id))
        if park:
            self.later(0.01)
            parked = self.park(attempt_id)
            step.facts += parked.facts
            step.commands += parked.commands
        return step

    def park(self, attempt_id: AttemptId) -> Step:
        return self.feed(CallParked(at=self.now, attempt_id=attempt_id))

    def bridge(self, attempt_id: AttemptId, agent_id: int) -> Step:
        return self.feed(CallBridged(at=self.now, attempt_id=attempt_id, leg_id=self.leg(agent_id)))

    def connect(self, agent_id: int = 1) -> AttemptId:
        """The newest dialled call, answered and bridged to the agent it was given to."""
        attempt_id = self.dialled[-1]
        self.answer(attempt_id)
        self.later(0.004)
        self.bridge(attempt_id, agent_id)
        assert self.agent(agent_id).state is AgentState.ON_CALL
        return attempt_id

    def hang_up(
        self,
        attempt_id: AttemptId,
        outcome: Outcome = Outcome.NO_ANSWER,
        *,
        q850: int | None = 16,
        sip: int | None = None,
        fault: bool = False,
    ) -> Step:
        return self.feed(
            CallHungUp(
                at=self.now,
                attempt_id=attempt_id,
                q850=q850,
                sip_status=sip,
                network_outcome=outcome,
                trunk_fault=fault,
            )
        )

    def lose_leg(self, agent_id: int) -> Step:
        return self.feed(LegHungUp(at=self.now, leg_id=self.leg(agent_id)))

    def park_leg(self, agent_id: int) -> Step:
        return self.feed(LegParked(at=self.now, leg_id=self.leg(agent_id)))

    def switch_down(self) -> Step:
        return self.feed(SwitchDown(at=self.now))

    def switch_up(self, *channels: LiveChannel) -> Step:
        return self.feed(SwitchUp(at=self.now, channels=channels))


K = TypeVar("K")


def of(kind: type[K], step: Step | Scene) -> list[K]:
    """The facts or commands of one kind, in order."""
    return [thing for thing in (*step.facts, *step.commands) if isinstance(thing, kind)]


def outcomes(step: Step | Scene) -> list[Outcome]:
    """How the attempts that ended did so."""
    return [fact.outcome for fact in of(AttemptEnded, step)]
