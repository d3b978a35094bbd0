"""One day through the real engine in virtual time: switch, store, people and agents are played."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import Campaign, CampaignState, RecordingNotice
from dialer.domain.commands import (
    Bridge,
    ClaimLeads,
    Command,
    ConnectLeg,
    HangUpCall,
    HangUpLeg,
    Originate,
    RenderText,
)
from dialer.domain.events import (
    AnyEvent,
    AttemptsCommitted,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallJudged,
    CallParked,
    CallRang,
    CallUnheard,
    LeadsClaimed,
    LegHungUp,
    LegParked,
    ScreenerUp,
    StaffingPlanned,
    SwitchAlive,
    SwitchUp,
    TextRendered,
    Wished,
)
from dialer.domain.facts import (
    AgentMoved,
    AnyFact,
    AttemptEnded,
    AttemptMoved,
    AttemptPlanned,
    CallScreened,
    PacingDecided,
)
from dialer.domain.logged import (
    BUSY_STATES,
    WAITING_STATES,
    AgentMove,
    AgentSpell,
    Figures,
    Heard,
    LoggedCall,
    Stretch,
    figures_of,
    spells_of,
)
from dialer.domain.outcomes import LIVE_OUTCOMES, Effect, Outcome, PhoneHistory, PhoneStatus
from dialer.domain.screening import Label, Screening, SpokenText, Unheard
from dialer.domain.stored import ShardState, StoredAgent, StoredDisposition
from dialer.domain.values import AttemptId, ClaimedLead, LeadPhone, LegId, PhoneNumber
from dialer.domain.wishes import (
    ConnectPhone,
    Dispose,
    GoNotReady,
    GoReady,
    LogOut,
    PauseCampaign,
    StartCampaign,
    Wish,
)
from dialer.engine import Engine
from dialer.engine.screening import LISTEN_S
from dialer.replay.telco import Fate, people_of

#: Delays of the world around the engine, of the order measured in docs/benchmarks/calls.md: the commit of a plan, an
#: answered customer's way into the waiting room, a bridge.
COMMIT_S, PARK_S, BRIDGE_S = 0.03, 0.01, 0.01
#: The ring is told so long after the order.
RING_S = 0.5
#: The safe-harbour message.
MESSAGE_S = 8.0
BEAT_S = 0.5
#: A break or a log-out that followed a wrap-up was asked for at least so long before its end.
WISH_AHEAD = timedelta(seconds=0.05)
LEASE = timedelta(minutes=5)
#: Calls are up so long after the stretch's end at most.
LONGEST_CALL = timedelta(hours=2)
DONE = "replayed"
#: Where the screener of that day is said to be; nobody connects to it.
SCREENER = "replay:0"
#: Nobody in particular: the person who starts and stops the campaign.
SUPERVISOR = 0

_WORKING = BUSY_STATES | WAITING_STATES
_HOME = frozenset({AgentState.LOGGED_OUT})


@dataclass(slots=True)
class Rerun:
    """What came of it: figures, and the moments for a plot."""

    figures: Figures
    #: What happened, as a log would tell it.
    stretch: Stretch
    #: Share of calls placed beyond those of the day, for which its fates were used again.
    wrapped: float
    #: Live answers, each with whether it was abandoned.
    answers: list[tuple[datetime, bool]] = field(default_factory=list)
    decisions: int = 0


class _World:
    """Plays everything around one engine. Events happen in order of time, ties in the order they were made."""

    def __init__(self, stretch: Stretch, campaign: Campaign, seed: int) -> None:
        self.stretch, self.now = stretch, stretch.begin
        # Who listened that day listens again: without his verdicts nobody knows what he would have heard.
        screening = replace(
            campaign.screening, mode=Screening.ON if stretch.screened else Screening.OFF, control_share=0.0
        )
        self.campaign = replace(
            campaign,
            state=CampaignState.PAUSED,
            rule_set="laboratory",
            recording_notice=RecordingNotice.SPOKEN,
            screening=screening,
        )
        self.people = people_of(stretch)
        self.heap: list[tuple[datetime, int, Callable[[], AnyEvent | None]]] = []
        self.order = count()
        self.leads, self.intents = count(1), count(1)
        self.legs: dict[int, LegId] = {}
        self.calls: dict[AttemptId, Fate] = {}
        #: Those whose sound goes to the screener when they are answered.
        self.streamed: set[AttemptId] = set()
        self.bridged: dict[AttemptId, int] = {}
        self.wraps: dict[AttemptId, float] = {}
        self.away: dict[int, AgentState] = {}
        self.facts: list[AnyFact] = []
        self.claims: list[ClaimLeads] = []
        self.dry = False
        agents = {spell.agent_id for spell in stretch.spells}
        state = ShardState(
            fence=1,
            campaigns=(self.campaign,),
            trunks=stretch.trunks,
            agents=tuple(
                StoredAgent(
                    id, f"agent-{id}", f"agent-{id}", AgentState.LOGGED_OUT, None, self.now, None, None, None
                )
                for id in sorted(agents)
            ),
            dispositions=(StoredDisposition(campaign.id, DONE, Effect.FINISH),),
            open_attempts=(),
            unfinished=(),
            tallies=(),
        )
        self.engine = Engine(state, at=self.now, seed=seed)
        self._plan_shift()

    # --- what is known beforehand ---------------------------------------------------------------------

    def _plan_shift(self) -> None:
        self.at(self.now, lambda: SwitchUp(at=self.now, channels=()))
        self.at(self.now, self._beat)
        if self.campaign.screening.mode is Screening.ON:
            self.at(self.now, lambda: ScreenerUp(at=self.now, address=SCREENER))
        for at, staffing in self.stretch.staffing:
            self.at(at, lambda s=staffing: StaffingPlanned(at=self.now, staffing=s))  # type: ignore[misc]
        for at, state in self.stretch.states or ((self.stretch.begin, CampaignState.RUNNING),):
            runs = state is CampaignState.RUNNING
            self.wish(at, SUPERVISOR, (StartCampaign if runs else PauseCampaign)(self.campaign.id))
        # What is up at the end is played to its own end, as the log has it, and nothing more is dialled.
        self.wish(self.stretch.end, SUPERVISOR, PauseCampaign(self.campaign.id))
        for at, dry in self.stretch.dry:
            self.at(at, lambda dry=dry: self._dry(dry))  # type: ignore[misc]
        for at, agent_id, wanted in _attendance(self.stretch.spells):
            self.at(at, lambda a=agent_id, w=wanted: self._attend(a, w))  # type: ignore[misc]

    def _dry(self, dry: bool) -> None:
        """The list had nothing more, or something again; what is in the hopper was not there that day."""
        self.dry = dry
        if dry:
            self.engine.floor.campaigns[self.campaign.id].hopper.clear()

    def _beat(self) -> AnyEvent:
        if self.now < self.stretch.end:
            self.after(BEAT_S, self._beat)
        return SwitchAlive(at=self.now)

    def _attend(self, agent_id: int, wanted: AgentState) -> AnyEvent | None:
        """The agent comes to work (READY), takes a break (NOT_READY) or goes home (LOGGED_OUT)."""
        self.away[agent_id] = wanted
        if wanted is AgentState.LOGGED_OUT:
            return self._wished(agent_id, LogOut())
        if agent_id not in self.legs:
            return self._wished(agent_id, ConnectPhone())
        return self._wished(agent_id, GoReady() if wanted is AgentState.READY else GoNotReady("break"))

    # --- time -------------------------------------------------------------------------------------------

    def at(self, at: datetime, happen: Callable[[], AnyEvent | None]) -> None:
        heapq.heappush(self.heap, (at, next(self.order), happen))

    def after(self, seconds: float, happen: Callable[[], AnyEvent | None]) -> None:
        self.at(self.now + timedelta(seconds=max(0.0, seconds)), happen)

    def wish(self, at: datetime, user_id: int, wish: Wish) -> None:
        self.at(at, lambda: self._wished(user_id, wish))

    def _wished(self, user_id: int, wish: Wish) -> Wished:
        return Wished(at=self.now, intent_id=next(self.intents), user_id=user_id, wish=wish)

    def run(self) -> Iterator[float]:
        """Play the stretch; yields the share played, about a hundred times."""
        span, told = (self.stretch.end - self.stretch.begin).total_seconds(), 0.0
        while True:
            due = [at for at in (self.heap[0][0] if self.heap else None, self.engine.next_deadline()) if at]
            if not due or min(due) > (
                self.stretch.end if not self.calls else self.stretch.end + LONGEST_CALL
            ):
                return
            self.now = max(self.now, min(due))
            events: list[AnyEvent] = []
            while self.heap and self.heap[0][0] <= self.now:
                event = heapq.heappop(self.heap)[2]()
                if event is not None:
                    events.append(event)
            step = self.engine.handle(events, self.now)
            self.facts += step.facts
            planned = frozenset(f.attempt.id for f in step.facts if isinstance(f, AttemptPlanned))
            if planned:
                self.after(COMMIT_S, lambda p=planned: self._committed(p))  # type: ignore[misc]
            for fact in step.facts:
                if isinstance(fact, AgentMoved):
                    self._agent_moved(fact)
            for command in step.commands:
                self._obey(command)
            played = min(1.0, (self.now - self.stretch.begin).total_seconds() / span)
            if played - told >= 0.01:
                told = played
                yield played

    # --- the store --------------------------------------------------------------------------------------

    def _committed(self, planned: frozenset[AttemptId]) -> AttemptsCommitted:
        return AttemptsCommitted(at=self.now, committed=planned, refused=frozenset())

    def _claimed(self, order: ClaimLeads) -> LeadsClaimed:
        leads = () if self.dry else tuple(self._lead() for _ in range(order.count))
        return LeadsClaimed(at=self.now, campaign_id=order.campaign_id, asked=order.count, leads=leads)

    def _lead(self) -> ClaimedLead:
        id = next(self.leads)
        phone = LeadPhone(id, PhoneNumber("+18095550100"), PhoneHistory(id, PhoneStatus.ACTIVE))
        return ClaimedLead(
            id=id,
            campaign_id=self.campaign.id,
            person_id=id,
            phones=(phone,),
            next_phone_id=id,
            attempts=0,
            last_n=0,
            lease_until=self.now + LEASE,
            time_zone=None,
            do_not_call=False,
        )

    # --- the switch and the people ----------------------------------------------------------------------

    def _obey(self, command: Command) -> None:
        match command:
            case ClaimLeads():
                self.after(COMMIT_S, lambda: self._claimed(command))
            case Originate():
                if command.screener is not None:
                    self.streamed.add(command.attempt.id)
                self._originate(command.attempt.id)
            case RenderText(kind=SpokenText.ANNOUNCEMENT):  # there is no voice here: to an agent, as that day
                self.after(PARK_S, lambda: self._unspoken(command.attempt_id))
            case ConnectLeg():
                agent_id = int(command.sip_user.removeprefix("agent-"))
                self.legs[agent_id] = command.leg_id
                self.after(PARK_S, lambda: LegParked(at=self.now, leg_id=command.leg_id))
            case HangUpLeg():
                for agent_id in [a for a, leg in self.legs.items() if leg == command.leg_id]:
                    del self.legs[agent_id]
                self.after(PARK_S, lambda: LegHungUp(at=self.now, leg_id=command.leg_id))
            case Bridge():
                self.after(BRIDGE_S, lambda: self._bridge(command))
            case HangUpCall():
                self.after(PARK_S, lambda: self._hang_up(command.attempt_id, Outcome.NO_ANSWER))
            case _:
                pass  # notices and recordings: nobody listens

    def _originate(self, attempt_id: AttemptId) -> None:
        fate = self.people.next_fate()
        self.calls[attempt_id] = fate
        timeout_s = float(self.campaign.ring_timeout_s)
        if fate.answered_s is not None and fate.answered_s <= timeout_s:
            self.after(fate.answered_s - COMMIT_S, lambda: self._answer(attempt_id))
        else:
            outcome = Outcome.NO_ANSWER if fate.answered_s is not None else fate.outcome
            self.after(min(fate.ended_s, timeout_s) - COMMIT_S, lambda: self._hang_up(attempt_id, outcome))
        if fate.ended_s > RING_S:
            self.after(RING_S, lambda: CallRang(at=self.now, attempt_id=attempt_id))

    def _answer(self, attempt_id: AttemptId) -> AnyEvent | None:
        fate = self.calls.get(attempt_id)
        if fate is None:
            return None
        limit_s = self.campaign.connect_limit_s
        if attempt_id in self.streamed:
            limit_s += fate.heard.after_s if fate.heard else LISTEN_S
            if fate.heard:
                self.after(fate.heard.after_s, lambda: self._hear(attempt_id))
        else:
            self.after(PARK_S, lambda: self._park(attempt_id))
        if fate.patience_s is not None and (fate.heard or fate.patience_s < limit_s):
            self.after(fate.patience_s, lambda: self._give_up(attempt_id))
        else:
            self.after(limit_s + MESSAGE_S, lambda: self._give_up(attempt_id))
        return CallAnswered(at=self.now, attempt_id=attempt_id)

    def _hear(self, attempt_id: AttemptId) -> AnyEvent | None:
        """The verdict of that day, as long after the answer as then."""
        fate = self.calls.get(attempt_id)
        if fate is None or fate.heard is None:
            return None
        heard = fate.heard
        if heard.label is None:
            known = heard.cause in set(Unheard)
            return CallUnheard(
                at=self.now, attempt_id=attempt_id, why=Unheard(heard.cause) if known else Unheard.LATE
            )
        decided_at_ms = round(1000 * heard.after_s)
        greeting_end_ms = None if heard.greeting_end_s is None else round(1000 * heard.greeting_end_s)
        return CallJudged(
            at=self.now,
            attempt_id=attempt_id,
            label=heard.label,
            cause=heard.cause,
            posterior=float(heard.label is Label.HUMAN),
            decided_at_ms=decided_at_ms,
            greeting_end_ms=None if greeting_end_ms is None else min(greeting_end_ms, decided_at_ms),
        )

    def _unspoken(self, attempt_id: AttemptId) -> AnyEvent:
        return TextRendered(at=self.now, attempt_id=attempt_id, kind=SpokenText.ANNOUNCEMENT, file=None)

    def _park(self, attempt_id: AttemptId) -> AnyEvent | None:
        return CallParked(at=self.now, attempt_id=attempt_id) if attempt_id in self.calls else None

    def _give_up(self, attempt_id: AttemptId) -> AnyEvent | None:
        return None if attempt_id in self.bridged else self._hang_up(attempt_id, Outcome.NO_ANSWER)

    def _bridge(self, order: Bridge) -> AnyEvent | None:
        agent_id = next((a for a, leg in self.legs.items() if leg == order.leg_id), None)
        if order.attempt_id not in self.calls or agent_id is None:
            return None
        talk = self.people.next_talk()
        self.bridged[order.attempt_id] = agent_id
        self.wraps[order.attempt_id] = talk.wrap_s
        self.after(talk.talk_s, lambda: self._hang_up(order.attempt_id, Outcome.NO_ANSWER))
        return CallBridged(at=self.now, attempt_id=order.attempt_id, leg_id=order.leg_id)

    def _hang_up(self, attempt_id: AttemptId, outcome: Outcome) -> AnyEvent | None:
        if self.calls.pop(attempt_id, None) is None:
            return None
        agent_id = self.bridged.pop(attempt_id, None)
        if agent_id in self.legs:
            leg_id = self.legs[agent_id]
            self.after(PARK_S, lambda: LegParked(at=self.now, leg_id=leg_id))
        return CallHungUp(
            at=self.now,
            attempt_id=attempt_id,
            q850=16,
            sip_status=None,
            network_outcome=outcome,
            trunk_fault=outcome is Outcome.CONGESTION,
        )

    # --- the agents -------------------------------------------------------------------------------------

    def _agent_moved(self, fact: AgentMoved) -> None:
        """What the agent's own hands do next: the result after his wrap-up, and the breaks he owes."""
        agent_id, attempt_id = fact.agent_id, fact.attempt_id
        if fact.state is AgentState.WRAP_UP and attempt_id is not None and attempt_id in self.wraps:
            wrap_s = min(self.wraps.pop(attempt_id), self.campaign.wrap_up_s)
            self.after(wrap_s, lambda: self._wished(agent_id, Dispose(attempt_id, DONE, "", None)))
        elif fact.state is AgentState.NOT_READY and self.away.get(agent_id) is AgentState.READY:
            self.after(PARK_S, lambda: self._back_to_work(agent_id))

    def _back_to_work(self, agent_id: int) -> AnyEvent | None:
        """His phone has just been connected, or his wrap-up ran out: he is there all the same."""
        agent = self.engine.floor.agents[agent_id]
        if self.away.get(agent_id) is AgentState.READY and agent.state is AgentState.NOT_READY:
            return self._wished(agent_id, GoReady())
        return None


def _attendance(spells: tuple[AgentSpell, ...]) -> list[tuple[datetime, int, AgentState]]:
    """When each agent came, took a break or went. Who left from a call had asked for it during the call."""
    changes: list[tuple[datetime, int, AgentState]] = []
    held: dict[int, AgentState] = {}
    before: dict[int, AgentState] = {}
    for spell in spells:
        wanted = AgentState.NOT_READY
        if spell.state in _WORKING and not spell.elsewhere:
            wanted = AgentState.READY
        elif spell.state in _HOME:
            wanted = AgentState.LOGGED_OUT
        if held.get(spell.agent_id, AgentState.LOGGED_OUT) is not wanted:
            asked = WISH_AHEAD if before.get(spell.agent_id) in BUSY_STATES else timedelta(0)
            changes.append((spell.since - asked, spell.agent_id, wanted))
        held[spell.agent_id], before[spell.agent_id] = wanted, spell.state
    return sorted(changes, key=lambda change: (change[0], change[1]))


def rerun(stretch: Stretch, campaign: Campaign, *, seed: int, progress: Callable[[float], None]) -> Rerun:
    """Play the stretch under these settings; `progress` hears the share played. Raises BadInput for an empty one."""
    world = _World(stretch, campaign, seed)
    for played in world.run():
        progress(played)
    happened = _stretch_of(world)
    return Rerun(
        figures=figures_of(happened),
        stretch=happened,
        wrapped=world.people.wrapped,
        answers=_answers_of(world.facts),
        decisions=sum(isinstance(fact, PacingDecided) for fact in world.facts),
    )


def _stretch_of(world: _World) -> Stretch:
    """What happened, in the words of the log, so that it is counted as the log is."""
    planned: dict[AttemptId, datetime] = {}
    answered: dict[AttemptId, float] = {}
    heard: dict[AttemptId, Heard] = {}
    connected: dict[AttemptId, tuple[float, int | None]] = {}
    calls: list[LoggedCall] = []
    moves: list[AgentMove] = []
    for fact in world.facts:
        match fact:
            case AttemptPlanned():
                planned[fact.attempt.id] = fact.at
            case AttemptMoved(state=CallState.ANSWERED | CallState.SCREENING):
                answered[fact.attempt_id] = (fact.at - planned[fact.attempt_id]).total_seconds()
            case AttemptMoved(state=CallState.BRIDGED):
                since = (fact.at - planned[fact.attempt_id]).total_seconds()
                connected.setdefault(fact.attempt_id, (since, fact.agent_id))
            case CallScreened() if fact.attempt_id in answered:
                id = fact.attempt_id
                after_s = (fact.at - planned[id]).total_seconds() - answered[id]
                ended_ms = fact.greeting_end_ms
                heard[id] = Heard(
                    after_s, fact.label, fact.cause, None if ended_ms is None else ended_ms / 1000
                )
            case AttemptEnded() if fact.outcome is not Outcome.CANCELLED:
                id = fact.attempt_id
                ended_s = (fact.at - planned[id]).total_seconds()
                connected_s, agent_id = connected.get(id, (None, None))
                calls.append(
                    LoggedCall(
                        planned[id],
                        fact.outcome,
                        ended_s,
                        answered.get(id),
                        connected_s,
                        agent_id,
                        heard.get(id),
                    )
                )
            case AgentMoved():
                moves.append(AgentMove(fact.agent_id, fact.at, fact.state))
            case _:
                pass
    calls.sort(key=lambda call: call.planned_at)  # the order in which they were placed
    return replace(
        world.stretch, calls=tuple(calls), spells=spells_of(moves, world.stretch.begin, world.stretch.end)
    )


def _answers_of(facts: list[AnyFact]) -> list[tuple[datetime, bool]]:
    """Every live answer, when it ended or was abandoned."""
    return [
        (f.at, f.outcome is Outcome.ABANDONED)
        for f in facts
        if isinstance(f, AttemptEnded) and f.outcome in LIVE_OUTCOMES
    ]
