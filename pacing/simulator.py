"""Discrete-event simulation of one outbound campaign, to score pacing policies.

A policy sees only the events of the interface and is asked every `tick`. The next event is taken, the clock
moves, the event happens; what happened is kept as flat records, and every figure is computed from them
afterwards (`pacing.measures`). Ties are broken by order of scheduling.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from pacing import world
from pacing.policy import AgentState, CallOutcome, CampaignInfo, Policy, Snapshot, no_scores
from pacing.world import Odds, Scenario

DAY_S = 86400.0
#: A call is never hung up before it has rung this long (16 CFR 310.4(b)(4)(ii): 15 seconds or four rings).
RING_LEAST_S = 15.0
#: Agents' breaks are spread this far around their hour.
BREAK_SPREAD_S = 1200.0
#: Where nobody listens, an answer is known after this long at most.
UNSCREENED_S = 0.2
#: An agent wraps up a machine in no more than this.
MACHINE_WRAP_S = 4.0


class Stage(Enum):
    RINGING = "ringing"
    ANSWERED = "answered"
    WAITING = "waiting"
    TALKING = "talking"
    OVER = "over"


@dataclass(slots=True)
class Call:
    id: int
    #: When it began to ring at the far end.
    rings_from: float
    #: What the network gives: HUMAN and MACHINE answer, the others end at `answer_at`.
    fate: CallOutcome
    answer_at: float
    #: When the classifier (or the wait for a voice) is done, and until when a person waits.
    judged_at: float
    deadline: float
    false_positive: bool = False
    passed_machine: bool = False
    stage: Stage = Stage.RINGING


@dataclass(slots=True)
class Agent:
    id: int
    #: Speed factors of this agent's talk and wrap-up.
    talk_factor: float
    wrap_factor: float
    state: AgentState = AgentState.OFF
    since: float = 0.0
    #: Seconds of pause to take after the wrap-up, 0 for none.
    pause_due: float = 0.0
    leaves: bool = False
    #: When a busy agent's wrap-up ends, infinite when he then goes away.
    wrapped_at: float = 0.0
    #: Seconds spent in each state.
    spent: dict[AgentState, float] = field(default_factory=lambda: dict.fromkeys(AgentState, 0.0))

    @property
    def free_at(self) -> float:
        """When a busy agent is free again, as things stand; infinite when he will pause or leave."""
        return math.inf if self.leaves or self.pause_due > 0 else self.wrapped_at


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """A person judged as one: when it was settled, whether nobody came, how long his agent had idled."""

    at: float
    abandoned: bool
    idle_s: float


@dataclass(slots=True)
class Run:
    """What happened in one simulation; all figures come from here."""

    scenario: Scenario
    policy: str
    seed: int
    live: list[LiveAnswer] = field(default_factory=list)
    #: Agents' seconds by state, all agents together.
    spent: dict[AgentState, float] = field(default_factory=dict)
    placed: int = 0
    #: Placements asked for beyond lines or calls per second.
    refused: int = 0
    cancelled: int = 0
    #: People taken for machines; machines given to agents.
    false_positives: int = 0
    passed_machines: int = 0
    #: Placements asked for while nobody was logged in (dropped): a policy's breach.
    unattended: int = 0
    decisions: int = 0
    #: Microseconds per decision, empty without a stopwatch.
    decision_us: list[float] = field(default_factory=list)


class Simulation:
    """One scenario under one policy and one seed.

    `stopwatch` (seconds, e.g. `time.perf_counter`) times the decisions; without it nothing reads a clock. With
    `told_late_h` the policy is told when the shift will end: so many hours later than it does (0: the truth; below 0:
    overtime is worked).
    """

    def __init__(
        self,
        scenario: Scenario,
        policy: Policy,
        seed: int,
        stopwatch: Callable[[], float] | None = None,
        told_late_h: float | None = None,
    ) -> None:
        self.scenario, self.policy, self.seed, self.stopwatch = scenario, policy, seed, stopwatch
        self.told_late_h = told_late_h
        self.now = 0.0
        self.heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.scheduled = 0
        self.attempts = world.AttemptStream(scenario, seed)
        self.connects = world.ConnectStream(scenario, seed)
        self.connected = 0
        self.rng = world.generator(seed, world.AGENTS)
        self.patience = world.generator(seed, world.PATIENCE)
        self.calls: dict[int, Call] = {}
        #: First come, first served on both sides: people waiting, and agents by how long they have idled.
        self.waiting: list[Call] = []
        self.ready: list[Agent] = []
        self.lines = round(scenario.trunks_per_agent * scenario.n_agents)
        self.lines_used = self.ringing = self.logged_in = 0
        self.cps_credit = 0.0
        self.placed_last = 0
        self.ticking = False
        self.day_began, self.day_factor = 0.0, 1.0
        self.run_ = Run(scenario, policy.name, seed)
        marks = self.rng.normal(0, 1, (2, scenario.n_agents))
        self.agents = [
            Agent(
                i,
                talk_factor=_lognormal(scenario.agent_talk_spread, marks[1, i]),
                wrap_factor=_lognormal(scenario.agent_wrap_spread, marks[0, i]),
            )
            for i in range(scenario.n_agents)
        ]
        self.delays: list[float] = []
        self.told = 0
        self.told_last = 0.0
        if scenario.event_delay:
            rng = world.generator(seed, world.DELAYS)
            self.delays = world.draw(rng, scenario.event_delay, world.DELAYS_DRAWN).tolist()

    def run(self) -> Run:
        """Simulate all days to their last event."""
        sc = self.scenario
        self.policy.campaign_start(
            0.0,
            CampaignInfo(
                target_abandon=sc.target,
                ring_timeout=sc.ring_timeout,
                wait_limit=sc.wait_limit,
                tick=sc.tick,
                max_lines=self.lines,
                cps=sc.cps,
                amd=sc.amd,
                prior=dict(sc.prior),
            ),
        )
        for day in range(sc.days):
            self._at(day * DAY_S, self._begin_day, day)
        while self.heap:
            self.now, _, happen, args = heapq.heappop(self.heap)
            happen(*args)
        for state in AgentState:
            self.run_.spent[state] = sum(agent.spent[state] for agent in self.agents)
        return self.run_

    # ---------------------------------------------------------------- plumbing

    def _at(self, t: float, happen: Callable[..., None], *args: object) -> None:
        self.scheduled += 1
        heapq.heappush(self.heap, (t, self.scheduled, happen, args))

    def _tell(self, event: Callable[..., None], *args: object) -> None:
        """Let the policy hear of an event that happens now; late, in order, where the scenario says so."""
        if not self.delays:
            event(self.now, *args)
            return
        self.told += 1
        self.told_last = max(self.now + self.delays[self.told % world.DELAYS_DRAWN], self.told_last)
        self._at(self.told_last, event, self.now, *args)

    # ------------------------------------------------------------------ agents

    def _begin_day(self, day: int) -> None:
        sc, begin = self.scenario, self.now
        rng = world.generator(self.seed, world.DAYS, day)
        self.day_began = begin
        self.day_factor = math.exp(rng.normal(0, sc.day_effect)) if sc.day_effect else 1.0
        order = rng.permutation(sc.n_agents)
        comes: dict[int, float] = {}
        goes: dict[int, float] = {}
        taken = 0
        for plan, times, spread in ((sc.late_join, comes, 60.0), (sc.early_leave, goes, 300.0)):
            for hour, share in plan:
                n = round(share * sc.n_agents)
                for i in order[taken : taken + n]:
                    times[int(i)] = begin + hour * 3600 + rng.uniform(0, spread)
                taken += n
        for agent in self.agents:
            on = comes.get(agent.id, begin + rng.uniform(0, sc.login_spread))
            off = goes.get(agent.id, begin + sc.hours * 3600 + rng.uniform(-120, 120))
            if on < off:  # in the shortest of shifts somebody's ends before he would have come
                self._at(on, self._log_in, agent)
                self._at(off, self._log_out, agent)
            for hour, seconds in sc.breaks:
                at = begin + hour * 3600 + rng.uniform(-BREAK_SPREAD_S, BREAK_SPREAD_S)
                if on < at < off - seconds:
                    self._at(at, self._pause, agent, seconds * rng.uniform(0.8, 1.2))
        for hour, share, seconds in sc.mass_pause:
            for i in rng.permutation(sc.n_agents)[: round(share * sc.n_agents)]:
                self._at(begin + hour * 3600 + rng.uniform(0, 20), self._pause, self.agents[int(i)], seconds)

    def _enter(self, agent: Agent, state: AgentState) -> None:
        agent.spent[agent.state] += self.now - agent.since
        if agent.state is AgentState.READY:
            self.ready.remove(agent)
        self.logged_in += (agent.state is AgentState.OFF) - (state is AgentState.OFF)
        agent.state, agent.since = state, self.now
        if state is AgentState.READY:
            self.ready.append(agent)
        self._tell(self.policy.agent_state, agent.id, state.value)
        if state is AgentState.READY:
            if self.scenario.idle_pause_rate > 0:
                patience = self.rng.exponential(1 / self.scenario.idle_pause_rate)
                self._at(self.now + patience, self._pause_idle, agent, self.now)
            if self.waiting:
                self._connect(self.waiting.pop(0), agent)

    def _log_in(self, agent: Agent) -> None:
        if agent.state is not AgentState.OFF:
            return
        agent.leaves, agent.pause_due = False, 0.0
        self._enter(agent, AgentState.READY)
        if not self.ticking:
            self.ticking = True
            self._at(self.now, self._tick)

    def _log_out(self, agent: Agent) -> None:
        if agent.state in (AgentState.READY, AgentState.PAUSED):
            self._enter(agent, AgentState.OFF)
        elif agent.state is not AgentState.OFF:
            agent.leaves = True

    def _pause(self, agent: Agent, seconds: float) -> None:
        if agent.state is AgentState.READY:
            self._enter(agent, AgentState.PAUSED)
            self._at(self.now + seconds, self._resume, agent, self.now)
        elif agent.state in (AgentState.TALK, AgentState.WRAP):
            agent.pause_due = seconds

    def _pause_idle(self, agent: Agent, since: float) -> None:
        if agent.state is AgentState.READY and agent.since == since:
            self._pause(agent, float(world.draw(self.rng, self.scenario.pause, 1)[0]))

    def _resume(self, agent: Agent, since: float) -> None:
        if agent.state is AgentState.PAUSED and agent.since == since:
            self._enter(agent, AgentState.READY)

    def _finish_wrap(self, agent: Agent) -> None:
        if agent.leaves:
            self._enter(agent, AgentState.OFF)
        elif agent.pause_due > 0:
            seconds, agent.pause_due = agent.pause_due, 0.0
            self._enter(agent, AgentState.PAUSED)
            self._at(self.now + seconds, self._resume, agent, self.now)
        else:
            self._enter(agent, AgentState.READY)

    # ------------------------------------------------------------------- calls

    def _place(self) -> None:
        call = self.foresee(0)
        self.run_.placed += 1
        self.lines_used += 1
        self.ringing += 1
        self.calls[call.id] = call
        self._tell(self.policy.call_placed, call.id)
        self._at(call.answer_at, self._answer, call)

    def foresee(self, i: int) -> Call:
        """What will become of the next attempt but `i`, placed now. Only for who may know the future."""
        k = self.run_.placed + i
        sc, a, now = self.scenario, self.attempts[k], self.now
        odds: Odds = world.odds_at(sc, (now - self.day_began) / 3600, self.day_factor)
        if sc.score:
            odds = odds.with_human(min(world.HIGHEST_P_HUMAN, odds.human * world.score_of(sc, k)))
        rings_from = now + a.pdd
        fate, ends = CallOutcome.NO_ANSWER, rings_from + sc.ring_timeout
        u = a.u_outcome
        if u < odds.human:
            if a.ring_human < sc.ring_timeout:
                fate, ends = CallOutcome.HUMAN, rings_from + a.ring_human
        elif u < odds.human + odds.machine:
            if a.ring_machine < sc.ring_timeout:
                fate, ends = CallOutcome.MACHINE, rings_from + a.ring_machine
        elif u < odds.human + odds.machine + odds.busy:
            fate, ends = CallOutcome.BUSY, now + a.busy
        elif u < sum(odds):
            fate, ends = CallOutcome.INVALID, now + a.invalid
        call = Call(k, rings_from, fate, ends, judged_at=ends, deadline=ends)
        if fate is CallOutcome.HUMAN:
            call.judged_at += a.greeting + sc.amd_silence if sc.amd else min(UNSCREENED_S, a.greeting)
            greeted = ends + (a.greeting if sc.clock == "greeting" else 0.0)
            call.deadline = max(greeted + sc.wait_limit - sc.bridge, call.judged_at)
            if sc.wait_exp:
                call.deadline = call.judged_at + self.patience.exponential(sc.wait_limit)
            call.false_positive = sc.amd and a.u_false_positive < sc.amd_fp
        elif fate is CallOutcome.MACHINE:
            call.passed_machine = not sc.amd or a.u_false_negative < sc.amd_fn
            call.judged_at += a.amd_machine if sc.amd else UNSCREENED_S
            call.deadline = call.judged_at + sc.wait_limit
        return call

    def busy_s(self, i: int, call: Call) -> float:
        """Seconds an agent of mean speed spends on the next connect but `i`, if that is this call."""
        cost = self.connects[self.connected + i]
        if call.passed_machine:
            return cost.machine_talk + min(cost.wrap, MACHINE_WRAP_S) + self.scenario.bridge
        return cost.talk + cost.wrap + self.scenario.bridge

    def _answer(self, call: Call) -> None:
        if call.stage is not Stage.RINGING:
            return
        self.ringing -= 1
        if call.fate in (CallOutcome.HUMAN, CallOutcome.MACHINE):
            call.stage = Stage.ANSWERED
            self._tell(self.policy.call_answered, call.id)
            self._at(call.judged_at, self._judge, call)
        else:
            self._end(call, call.fate)

    def _end(self, call: Call, outcome: CallOutcome) -> None:
        call.stage = Stage.OVER
        del self.calls[call.id]
        self.lines_used -= 1
        self._tell(self.policy.call_ended, call.id, outcome.value)

    def _judge(self, call: Call) -> None:
        if call.false_positive or (call.fate is CallOutcome.MACHINE and not call.passed_machine):
            self.run_.false_positives += call.false_positive
            self._end(call, CallOutcome.MACHINE)
            return
        call.stage = Stage.WAITING
        self._tell(self.policy.call_human, call.id, call.deadline)
        if self.ready:
            self._connect(call, self.ready[0])
        else:
            self.waiting.append(call)
            self._at(call.deadline, self._give_up, call)

    def _connect(self, call: Call, agent: Agent) -> None:
        sc, cost = self.scenario, self.connects[self.connected]
        self.connected += 1
        call.stage = Stage.TALKING
        talk, wrap = cost.talk, cost.wrap
        if call.passed_machine:
            self.run_.passed_machines += 1
            talk, wrap = cost.machine_talk, min(wrap, MACHINE_WRAP_S)
        else:
            self.run_.live.append(LiveAnswer(self.now, False, self.now - agent.since))
        if cost.u_pause < sc.p_pause:
            agent.pause_due = cost.pause
        ends = self.now + sc.bridge + max(0.5, talk * agent.talk_factor)
        self._enter(agent, AgentState.TALK)
        self._tell(self.policy.call_connected, call.id, agent.id)
        agent.wrapped_at = ends + max(0.2, wrap * agent.wrap_factor)
        self._at(ends, self._finish_talk, call, agent, agent.wrapped_at)

    def _finish_talk(self, call: Call, agent: Agent, wrapped_at: float) -> None:
        self._enter(agent, AgentState.WRAP)
        self._end(call, CallOutcome.MACHINE_FN if call.passed_machine else CallOutcome.HUMAN)
        self._at(wrapped_at, self._finish_wrap, agent)

    def _give_up(self, call: Call) -> None:
        if call.stage is not Stage.WAITING:
            return
        self.waiting.remove(call)
        if call.fate is CallOutcome.HUMAN:
            self.run_.live.append(LiveAnswer(self.now, True, 0.0))
        # The dialer can't tell a person from a machine it would have passed.
        self._tell(self.policy.call_abandoned, call.id)
        self._end(call, CallOutcome.ABANDONED)

    # --------------------------------------------------------------- decisions

    def _tick(self) -> None:
        if self.logged_in == 0:
            self.ticking = False
            self._ask()
            return
        self._at(self.now + self.scenario.tick, self._tick)
        wanted, hang_up = self._ask()
        for call_id in hang_up:
            call = self.calls.get(call_id)
            if call and call.stage is Stage.RINGING and self.now - call.rings_from >= RING_LEAST_S:
                self.ringing -= 1
                self.run_.cancelled += 1
                self._end(call, CallOutcome.CANCELLED)
        placed = max(0, min(wanted, self.allowance()))
        allowance = self.scenario.cps * self.scenario.tick
        credit = allowance + self.cps_credit
        # Saved up for the next tick, but no burst: one tick's worth, or the single call of a slow limit.
        self.cps_credit = min(credit - placed, max(allowance, 1.0))
        self.placed_last = placed
        self.run_.refused += max(0, wanted - placed)
        for _ in range(placed):
            self._place()

    def allowance(self) -> int:
        """Most calls that can be placed at this tick: lines and calls per second."""
        credit = self.scenario.cps * self.scenario.tick + self.cps_credit
        return min(self.lines - self.lines_used, int(credit))

    def _ask(self) -> tuple[int, list[Any]]:
        snap = Snapshot(
            ready=len(self.ready),
            logged_in=self.logged_in,
            in_flight=self.ringing,
            waiting=len(self.waiting),
            free_lines=self.lines - self.lines_used,
            placed_last=self.placed_last,
            peek=self._peek if self.scenario.score else no_scores,
            shift_left_s=self._shift_left_s(),
        )
        began = self.stopwatch() if self.stopwatch else 0.0
        answer = self.policy.decide(self.now, snap)
        if self.stopwatch:
            self.run_.decision_us.append((self.stopwatch() - began) * 1e6)
        self.run_.decisions += 1
        wanted, hang_up = answer if isinstance(answer, tuple) else (answer, [])
        if self.logged_in == 0:
            self.run_.unattended += max(0, int(wanted))
        return int(wanted), list(hang_up)

    def _shift_left_s(self) -> float | None:
        """Seconds until the end of the shift as it was told; None once that has passed, and where it was not."""
        if self.told_late_h is None:
            return None
        left = self.day_began + (self.scenario.hours + self.told_late_h) * 3600 - self.now
        return left if left > 0 else None

    def _peek(self, n: int) -> list[float]:
        """Scores of the next attempts."""
        return [world.score_of(self.scenario, self.run_.placed + i) for i in range(n)]


def shorten(scenario: Scenario, hours: float) -> Scenario:
    """The scenario's first hours."""
    return replace(scenario, hours=min(hours, scenario.hours))


def _lognormal(sd: float, z: float) -> float:
    """A factor of mean 1."""
    return math.exp(sd * z - sd * sd / 2)
