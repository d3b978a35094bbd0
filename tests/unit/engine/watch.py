"""What must hold after every step of an engine, whatever it was told. Raises AssertionError with the rule broken.

Judged from outside wherever that can be done: by the facts and commands that came out, against the memory they
claim to describe.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.carriers import BURST_S
from dialer.domain import agent as agent_table
from dialer.domain.agent import AgentState
from dialer.domain.call import UNATTENDED_STATES, CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.commands import Bridge, Originate
from dialer.domain.events import AnyEvent, AttemptsCommitted
from dialer.domain.facts import (
    AgentMoved,
    AnyFact,
    AttemptDisposed,
    AttemptEnded,
    AttemptMoved,
    AttemptPlanned,
    CallAbandoned,
    CallScreened,
    IntentSettled,
    LeadMoved,
    NoticeGiven,
    RecordingBegan,
    RecordingClosed,
)
from dialer.domain.outcomes import LIVE_OUTCOMES, UNBURNT_OUTCOMES, Outcome
from dialer.domain.screening import OUTCOMES, Label
from dialer.domain.stored import ShardState
from dialer.domain.values import Attempt, AttemptId
from dialer.engine import Engine, Step
from dialer.engine.floor import Floor

IN_CALL = (AgentState.RESERVED, AgentState.ON_CALL)
ANSWERED_STATES = (
    CallState.ANSWERED,
    CallState.SCREENING,
    CallState.WAITING,
    CallState.BRIDGED,
    CallState.MESSAGE,
    CallState.MACHINE,
)


class Watch:
    """Follows one engine from its first step."""

    def __init__(self, engine: Engine, state: ShardState) -> None:
        self.engine = engine
        self.planned: dict[AttemptId, Attempt] = {}
        self.committed: set[AttemptId] = set()
        self.refused: set[AttemptId] = set()
        self.dialled: set[AttemptId] = set()
        #: Restored ones were dialled, answered and connected before our time.
        self.states: dict[AttemptId, CallState] = {}
        self.answered: set[AttemptId] = set()
        self.connected: set[AttemptId] = set()
        self.abandoned: set[AttemptId] = set()
        self.noticed: set[AttemptId] = set()
        self.recording: set[AttemptId] = set()
        self.screened: set[AttemptId] = set()
        self.ended: dict[AttemptId, AttemptEnded] = {}
        #: Ends minus moves of a lead after attempts: 1 while an agent owes a disposition.
        self.owed_moves: Counter[int] = Counter()
        self.agents: dict[int, AgentState] = {agent.id: agent.state for agent in state.agents}
        self.session: dict[int, AgentMoved] = {}
        self.settled: set[int] = set()
        self.plans_of_trunk: dict[str, list[datetime]] = defaultdict(list)
        self.adopted: Counter[str] = Counter()
        for found in state.open_attempts:
            attempt_id = found.attempt.id
            self.planned[attempt_id] = found.attempt
            self.committed.add(attempt_id)
            self.dialled.add(attempt_id)
            self.adopted[found.attempt.trunk] += 1
            if found.answered_at:
                self.answered.add(attempt_id)
            if found.connected_at:
                self.connected.add(attempt_id)
            if found.notice_given:
                self.noticed.add(attempt_id)
                self.recording.add(attempt_id)
            if found.state is CallState.MESSAGE and not found.connected_at:
                self.abandoned.add(attempt_id)  # it is in the ledger already
        for owed in state.unfinished:
            self.owed_moves[owed.attempt.lead_id] += 1

    def before(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            if isinstance(event, AttemptsCommitted):
                self.committed |= event.committed
                self.refused |= event.refused

    def after(self, step: Step, at: datetime) -> None:
        for fact in step.facts:
            self._fact(fact)
        for command in step.commands:
            if isinstance(command, Originate):
                self._originate(command)
            elif isinstance(command, Bridge):
                self._bridge(command)
        self._calls(at)
        self._agents(at)
        self._campaigns(at)
        self._alarms(at)

    @property
    def floor(self) -> Floor:
        return self.engine.floor

    # --- what came out ------------------------------------------------------------------------------------

    def _fact(self, fact: AnyFact) -> None:
        match fact:
            case AttemptPlanned():
                self._planned(fact.attempt)
            case AttemptMoved():
                self._moved(fact)
            case CallAbandoned():
                assert fact.attempt_id not in self.abandoned, "abandoned twice"
                assert fact.attempt_id not in self.connected, "abandoned after having been connected"
                assert fact.attempt_id not in self.ended, "abandoned after its end"
                self.abandoned.add(fact.attempt_id)
            case AttemptEnded():
                self._ended(fact)
            case LeadMoved() if fact.outcome is not None:
                assert self.owed_moves[fact.lead_id] == 1, f"lead {fact.lead_id} moved without an end"
                self.owed_moves[fact.lead_id] -= 1
            case AttemptDisposed():
                assert fact.attempt_id in self.ended or not self._ours(fact.attempt_id)
            case CallScreened():
                early = fact.label is Label.SIT
                assert early or fact.attempt_id in self.answered, "screened without an answer"
                assert fact.attempt_id not in self.screened, "screened twice"
                assert fact.attempt_id not in self.ended, "screened after its end"
                self.screened.add(fact.attempt_id)
            case NoticeGiven():
                assert fact.attempt_id in self.connected, "notice given to nobody"
                assert fact.attempt_id not in self.noticed, "notice given twice"
                self.noticed.add(fact.attempt_id)
            case RecordingBegan():
                assert fact.attempt_id in self.noticed, "recorded without notice"
                assert fact.attempt_id not in self.ended, "recorded after its end"
                assert fact.attempt_id not in self.recording, "recorded twice"
                self.recording.add(fact.attempt_id)
            case RecordingClosed():
                assert fact.attempt_id in self.ended, "recording closed before the end"
                self.recording.remove(fact.attempt_id)
            case AgentMoved():
                self._agent_moved(fact)
            case IntentSettled():
                assert fact.intent_id not in self.settled, "an intent settled twice"
                self.settled.add(fact.intent_id)

    def _ours(self, attempt_id: AttemptId) -> bool:
        return attempt_id in self.planned

    def _planned(self, attempt: Attempt) -> None:
        assert attempt.id not in self.planned, "planned twice"
        assert attempt.verdict.checked, "planned without a verdict"
        self.planned[attempt.id] = attempt
        self.states[attempt.id] = CallState.PLANNED
        load = next(d for d in self.floor.carriers.loads if d.trunk.name == attempt.trunk)
        rate, burst = load.trunk.calls_per_second, max(1.0, load.trunk.calls_per_second * BURST_S)
        times = self.plans_of_trunk[attempt.trunk]
        now = max([attempt.planned_at, *times[-1:]])  # (a typed number's look-up may be told late)
        times.append(now)
        for n, start in enumerate(reversed(times[-60:]), 1):
            allowed = burst + rate * (now - start).total_seconds()
            assert n <= allowed + 1e-3, f"{n} calls within {now - start} on {attempt.trunk}"

    def _moved(self, fact: AttemptMoved) -> None:
        assert fact.attempt_id not in self.ended, "moved after its end"
        assert fact.attempt_id in self.committed, "moved before it was committed"
        assert fact.attempt_id not in self.refused, "a refused attempt left a trace"
        self.states[fact.attempt_id] = fact.state
        if fact.state in ANSWERED_STATES:
            self.answered.add(fact.attempt_id)
        if fact.connect_ms is not None:
            assert fact.attempt_id not in self.connected, "connected for the first time twice"
            assert fact.connect_ms >= 0
        if fact.state is CallState.BRIDGED:
            assert fact.agent_id is not None, "bridged to nobody"
            assert fact.attempt_id not in self.abandoned, "connected after having been abandoned"
            self.connected.add(fact.attempt_id)

    def _ended(self, fact: AttemptEnded) -> None:
        attempt_id = fact.attempt_id
        assert attempt_id in self.planned, "ended without a plan"
        assert attempt_id not in self.ended, "ended twice"
        assert attempt_id not in self.refused, "a refused attempt left a trace"
        self.ended[attempt_id] = fact
        self.owed_moves[fact.lead_id] += 1
        assert fact.burnt is (fact.outcome not in UNBURNT_OUTCOMES)
        if self.states.get(attempt_id) is CallState.MACHINE:
            assert fact.outcome in OUTCOMES.values(), f"a machine ended as {fact.outcome}"
        elif attempt_id in self.answered:
            assert fact.outcome in LIVE_OUTCOMES, f"a live answer ended as {fact.outcome}"
        assert (attempt_id in self.connected) is (fact.outcome is Outcome.CONNECTED), fact.outcome
        assert (attempt_id in self.abandoned) is (fact.outcome is Outcome.ABANDONED), fact.outcome

    def _agent_moved(self, fact: AgentMoved) -> None:
        before = self.agents.get(fact.agent_id, AgentState.LOGGED_OUT)
        reachable = {before, *agent_table.TRANSITIONS[before].values()}
        if fact.agent_id in self.session:  # the first note after a restart may mend what was stored
            assert fact.state in reachable, f"agent {fact.agent_id}: {before} -> {fact.state}"
        self.agents[fact.agent_id] = fact.state
        self.session[fact.agent_id] = fact

    def _originate(self, command: Originate) -> None:
        attempt = command.attempt
        assert attempt.id in self.committed, "dialled before the commit"
        assert attempt.id not in self.refused, "dialled though refused"
        assert attempt.id not in self.dialled, "dialled twice"
        assert self.planned[attempt.id] == attempt, "dialled otherwise than planned"
        self.dialled.add(attempt.id)
        floor = self.floor
        assert floor.campaigns[attempt.campaign_id].state is CampaignState.RUNNING, "dialled, not running"
        assert floor.switch_up, "dialled without a switch"
        assert floor.log_up, "dialled without a log"
        assert floor.logged_in() > 0, "dialled with nobody there"

    def _bridge(self, command: Bridge) -> None:
        assert self.floor.switch_up, "bridged without a switch"
        assert command.attempt_id in self.answered, "bridged before an answer"

    # --- what is remembered -------------------------------------------------------------------------------

    def _calls(self, at: datetime) -> None:
        floor = self.floor
        taken: Counter[int] = Counter()
        lines: Counter[str] = Counter()
        persons: Counter[int] = Counter()
        for call in floor.calls.values():
            assert call.state is not CallState.ENDED
            assert call.id not in self.ended
            persons[call.attempt.person_id] += 1
            lines[call.attempt.trunk] += 1
            if call.id in self.states and call.state is not CallState.PLANNED:
                assert self.states[call.id] is call.state, f"{call.state} was never noted"
            if call.agent_id is not None:
                taken[call.agent_id] += 1
                agent = floor.agents[call.agent_id]
                assert agent.attempt_id == call.id, f"call {call.id} has agent {agent.id}, he not it"
                assert agent.state in IN_CALL, f"call with an agent who is {agent.state}"
            if call.state is CallState.BRIDGED:
                assert call.agent_id is not None, "bridged to nobody"
                assert floor.agents[call.agent_id].state is AgentState.ON_CALL
            if call.state in (CallState.ANSWERED, CallState.WAITING):
                assert call.deadline is not None, "an answer without a deadline"
                assert call.deadline > at or not floor.switch_up, "a deadline passed unseen"
        assert all(n == 1 for n in taken.values()), "an agent in two calls"
        assert all(n == 1 for n in persons.values()), "two calls to one person"
        assert set(persons) == floor.persons
        for load in floor.carriers.loads:
            assert load.in_use == lines[load.trunk.name], f"{load.trunk.name}: lines miscounted"
            assert load.in_use <= max(load.trunk.channels, self.adopted[load.trunk.name])
        assert {c.id for c in floor.calls.values() if c.state in UNATTENDED_STATES} == set(floor.unattended)
        open_moves = Counter(call.attempt.lead_id for call in floor.wrapping.values())
        assert +self.owed_moves == +open_moves, "ended attempts and moved leads don't agree"

    def _agents(self, at: datetime) -> None:
        floor = self.floor
        owing: Counter[AttemptId] = Counter()
        for agent in floor.agents.values():
            where = f"agent {agent.id} {agent.state}"
            call = floor.calls.get(agent.attempt_id) if agent.attempt_id else None
            if agent.state in IN_CALL:
                assert call is not None, f"{where} without a call"
                assert call.agent_id == agent.id, f"{where}, his call has agent {call.agent_id}"
                assert agent.state is AgentState.RESERVED or call.state is CallState.BRIDGED, where
            elif agent.attempt_id is not None:
                owed = agent.attempt_id in floor.wrapping
                owing[agent.attempt_id] += owed
                assert owed or (call is not None and call.held_for == agent.id), f"{where} with a stale call"
            if agent.state is AgentState.WRAP_UP:
                assert agent.attempt_id in floor.wrapping, f"{where} owes nothing"
                assert agent.wrap_up_until is not None
            if agent.wrap_up_until is not None:
                assert agent.wrap_up_until > at, f"{where}: wrap-up over and nothing came of it"
            assert (agent.preview is not None) is (agent.state is AgentState.PREVIEWING), where
            if agent.state is AgentState.LOGGED_OUT:
                assert agent.leg_id is None
                assert agent.attempt_id is None
            elif agent.state is not AgentState.UNREACHABLE:
                assert agent.leg_id is not None, f"{where} without a phone"
                assert floor.legs.get(agent.leg_id) == agent.id
            if noted := self.session.get(agent.id):
                stored = (noted.state, noted.leg_id, noted.leg_up, noted.attempt_id, noted.after_wrap_up)
                now = (agent.state, agent.leg_id, agent.leg_up, agent.attempt_id, agent.after_wrap_up)
                assert stored == now, f"{where}: noted {stored}, is {now}"
                assert noted.wrap_up_until == agent.wrap_up_until
        staff = floor.agents.values()
        assert floor.logged_in() == sum(a.state is not AgentState.LOGGED_OUT for a in staff)
        ready = [a for a in staff if a.state is AgentState.READY and a.leg_parked and a.attempt_id is None]
        assert floor.ready_agents() == sorted(ready, key=lambda a: (a.since, a.id))
        assert all(owing[owed] == 1 for owed in floor.wrapping), "a disposition that nobody owes"

    def _campaigns(self, at: datetime) -> None:
        floor = self.floor
        in_hand: set[int] = {call.lead.id for call in floor.calls.values()}
        previews = [agent.preview.id for agent in floor.agents.values() if agent.preview]
        assert not in_hand & set(previews), "a lead previewed and in a call"
        for run in floor.campaigns.values():
            mine = {call.id for call in floor.calls.values() if call.attempt.campaign_id == run.campaign.id}
            assert run.calls == mine
            ids = [found.id for found in run.hopper]
            assert len(ids) == len(set(ids)), "a lead twice in the hopper"
            assert not in_hand & set(ids), "a lead in the hopper and in a call"
            assert not set(previews) & set(ids), "a lead in the hopper and previewed"
            assert all(found.lease_until > at for found in run.hopper), "a lead kept beyond its lease"
            if run.state is not CampaignState.RUNNING:
                assert not run.hopper, f"leads kept though {run.state}"
            if run.state is CampaignState.CLOSED:
                assert not run.calls, "closed with calls open"
            assert run.state is not CampaignState.DRAINING or run.calls, "nothing left to drain"

    def _alarms(self, at: datetime) -> None:
        """Every deadline will be looked at in time."""
        floor, alarm = self.floor, self.engine.next_deadline()
        due = [a.wrap_up_until for a in floor.agents.values() if a.wrap_up_until]
        if floor.switch_up:
            for call in floor.calls.values():
                if call.state in (CallState.ANSWERED, CallState.WAITING):
                    due += [d for d in (call.deadline, call.bridging_until, call.held_until) if d and d > at]
        if due:
            assert alarm is not None, "a deadline without an alarm"
            assert alarm <= min(due) + timedelta(microseconds=1), "the alarm comes after the deadline"
