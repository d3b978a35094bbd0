"""The floor: every call, agent and campaign of a shard, and the few ways in which they change.

The other modules of this package are functions over a Floor. Only the `move_*` functions here change a state, and
each goes through its table; what changed is noted as a fact. Nothing here reads a clock or does I/O.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dialer.carriers import Carriers
from dialer.compliance.abandonment import AbandonGauge
from dialer.domain import agent as agent_table
from dialer.domain import call as call_table
from dialer.domain import campaign as campaign_table
from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import UNATTENDED_STATES, CallInput, CallState
from dialer.domain.campaign import Campaign, CampaignInput, CampaignState
from dialer.domain.commands import Command
from dialer.domain.errors import InvalidTransition
from dialer.domain.facts import AgentMoved, AnyFact, AttemptMoved, CampaignMoved, LeadsReturned
from dialer.domain.outcomes import Effect
from dialer.domain.staffing import Absence, Inbound, Staffing
from dialer.domain.values import AttemptId, ClaimedLead, LegId
from dialer.engine.pool import LEAST_TARGET, Pool
from dialer.engine.records import Agent, Call, CampaignRun, Step
from pacing.abandonment import AbandonmentBudget

#: Events remembered per object for the story an InvalidTransition tells.
STORY_LENGTH = 20


class Floor:
    """All that the engine knows."""

    def __init__(self, *, fence: int, seed: int) -> None:
        self.fence = fence
        self.rng = random.Random(seed)  # noqa: S311  (ids and jitter; nothing secret comes of it)
        self.campaigns: dict[int, CampaignRun] = {}
        self.calls: dict[AttemptId, Call] = {}
        #: Those of them that were answered and have no agent, in the order they got there: few among hundreds
        #: that ring, and the only ones that matching and deadlines look at after every event.
        self.unattended: dict[AttemptId, Call] = {}
        #: Ended, connected calls whose agent owes a disposition.
        self.wrapping: dict[AttemptId, Call] = {}
        self.agents: dict[int, Agent] = {}
        self.legs: dict[LegId, int] = {}
        #: Persons with a call open: one ring in flight per person.
        self.persons: set[int] = set()
        self.dispositions: dict[tuple[int, str], Effect] = {}
        self.carriers = Carriers()
        #: Calls that ring for no agent any more, only because the law wants them to ring so long.
        self.ringing_out: list[Call] = []
        self.pool = Pool()
        #: Planned breaks, shift ends, calls from outside, and those worked out so far; None: never was any plan.
        self.staffing = Staffing()
        self.absences: tuple[Absence, ...] = ()
        self.inbound: tuple[Inbound, ...] = ()
        #: When shifts end first, by agent (None: everybody's), as far as worked out.
        self.shift_ends: dict[int | None, datetime] = {}
        self.planned_until: datetime | None = None
        self.switch_up = False
        #: Where the screener hears calls (host:port); None while there is none.
        self.screener: str | None = None
        self.log_up = True
        #: Up to when the switch has told what happened.
        self.heard_at: datetime | None = None
        #: Since when forecasts can't be trusted, while the link stands.
        self.blind_since: datetime | None = None
        #: Late, duplicate or unknown things the switch said.
        self.unexpected = 0
        #: When the modes are asked again though nothing happens.
        self.tick_at: datetime | None = None
        #: When a trunk may take a call again, as last asked for.
        self.slot_at: datetime | None = None
        self._present: set[int] = set()
        #: The READY ones among them.
        self._ready: dict[int, Agent] = {}
        self.step = Step()
        self._alarms: list[datetime] = []

    # --- output ---------------------------------------------------------------------------------------

    def note(self, fact: AnyFact) -> None:
        self.step.facts.append(fact)
        self.pool.hear(fact)

    def order(self, command: Command) -> None:
        self.step.commands.append(command)

    def take_step(self) -> Step:
        step, self.step = self.step, Step()
        return step

    # --- time -----------------------------------------------------------------------------------------

    def wake_at(self, at: datetime) -> None:
        """Ask to be woken; what is due is found by looking, so a stale alarm costs a look and nothing else."""
        heapq.heappush(self._alarms, at)

    def next_alarm(self) -> datetime | None:
        return self._alarms[0] if self._alarms else None

    def clear_alarms(self, now: datetime) -> bool:
        """Drop the alarms that have come; whether there were any."""
        due = False
        while self._alarms and self._alarms[0] <= now:
            heapq.heappop(self._alarms)
            due = True
        return due

    # --- calls ----------------------------------------------------------------------------------------

    def add_call(self, call: Call) -> None:
        """A call planned, or found at the start: it is its campaign's, and its person is being called."""
        self.calls[call.id] = call
        self.campaigns[call.attempt.campaign_id].calls.add(call.id)
        self.persons.add(call.attempt.person_id)
        if call.state in UNATTENDED_STATES:
            self.unattended[call.id] = call

    def move_call(self, call: Call, by: CallInput, at: datetime) -> bool:
        """Move the call by the table. False, and nothing changes, when its state does not know the input."""
        target = call_table.TRANSITIONS[call.state].get(by)
        call.touched_at = max(call.touched_at, at)
        if target is None:
            self.unexpected += 1
            return False
        call.story = [*call.story[-STORY_LENGTH:], f"{call.state} --{by}"]
        call.state = target
        if target in UNATTENDED_STATES:
            self.unattended[call.id] = call
        else:
            self.unattended.pop(call.id, None)
        return True

    def note_call(self, call: Call, at: datetime, connect_ms: float | None = None) -> None:
        waits = call.state is CallState.WAITING and call.deadline
        self.note(
            AttemptMoved(
                at=at,
                attempt_id=call.id,
                campaign_id=call.attempt.campaign_id,
                state=call.state,
                agent_id=call.agent_id if call.state is CallState.BRIDGED else None,
                connect_ms=connect_ms,
                waits_s=(waits - at).total_seconds() if waits else None,
            )
        )

    # --- agents ---------------------------------------------------------------------------------------

    def add_agent(self, agent: Agent) -> None:
        self.agents[agent.id] = agent
        self._seat(agent)

    def _seat(self, agent: Agent) -> None:
        if agent.state is AgentState.LOGGED_OUT:
            self._present.discard(agent.id)
        else:
            self._present.add(agent.id)
        if agent.state is AgentState.READY:
            self._ready[agent.id] = agent
        else:
            self._ready.pop(agent.id, None)

    def move_agent(self, agent: Agent, by: AgentInput, at: datetime, reason: str | None = None) -> None:
        """Move the agent by the table. Raises InvalidTransition: whoever asks must know the agent's state."""
        target = agent_table.TRANSITIONS[agent.state].get(by)
        if target is None:
            raise InvalidTransition(f"agent {agent.id}", agent.state, by, agent.story)
        agent.story = [*agent.story[-STORY_LENGTH:], f"{agent.state} --{by}"]
        agent.state, agent.since, agent.reason = target, at, reason
        if target is AgentState.READY and by is not AgentInput.RELEASED:  # that is no doing of his own
            agent.worked_since = at
        self._seat(agent)
        if target not in (AgentState.WRAP_UP, AgentState.UNREACHABLE):
            agent.wrap_up_until = None
        self.note_agent(agent, at)

    def note_agent(self, agent: Agent, at: datetime) -> None:
        self.note(
            AgentMoved(
                at=at,
                agent_id=agent.id,
                state=agent.state,
                reason=agent.reason,
                leg_id=agent.leg_id,
                leg_up=agent.leg_up,
                attempt_id=agent.attempt_id,
                lead_id=agent.preview.id if agent.preview else None,
                after_wrap_up=agent.after_wrap_up,
                wrap_up_until=agent.wrap_up_until,
            )
        )

    def ready_agents(self) -> list[Agent]:
        """Agents who may take a call this instant, longest idle first."""
        return longest_idle_first(
            [
                a
                for a in self._ready.values()
                # (an attempt he is not RESERVED for is his customer on hold, for whom he is expected)
                if a.leg_up and a.leg_parked and a.attempt_id is None
            ]
        )

    def logged_in(self) -> int:
        return len(self._present)

    def present(self) -> Iterable[int]:
        """Agents logged in."""
        return self._present

    # --- campaigns ------------------------------------------------------------------------------------

    def add_campaign(self, campaign: Campaign) -> CampaignRun:
        gauge = AbandonGauge(campaign.abandon_cap, campaign.abandon_window)
        budget = AbandonmentBudget(max(campaign.abandon_cap, LEAST_TARGET))
        run = CampaignRun(campaign, campaign.state, gauge, budget)
        self.campaigns[campaign.id] = run
        return run

    def move_campaign(
        self, run: CampaignRun, by: CampaignInput, at: datetime, reason: str | None = None
    ) -> bool:
        target = campaign_table.TRANSITIONS[run.state].get(by)
        if target is None:
            return False
        run.state = target
        self.note(CampaignMoved(at=at, campaign_id=run.campaign.id, state=target, reason=reason))
        if target is not CampaignState.RUNNING:
            self.empty_hopper(run, at)
        else:  # it has had its share of what the others got meanwhile
            others = [r.served for r in self.campaigns.values() if r.state is target and r is not run]
            run.served = max(run.served, min(others, default=0.0))
        return True

    def empty_hopper(self, run: CampaignRun, at: datetime) -> None:
        """Give back what it holds and has not dialled."""
        self.return_leads(run, at, [*run.hopper, *(lead for lead, _ in run.callbacks)])
        run.hopper.clear()
        run.callbacks.clear()

    def count_live(self, run: CampaignRun, at: datetime, *, live: int = 1, abandoned: int = 0) -> None:
        """Live answers, `abandoned` of them left without an agent: in the law's gauge and the pacing's budget."""
        run.gauge.add(at, live=live, abandoned=abandoned)
        if live > abandoned:
            run.budget.live(at.timestamp(), live - abandoned)
        for _ in range(abandoned):
            run.budget.abandoned(at.timestamp())

    def count_lost(self, run: CampaignRun, at: datetime, people: float) -> None:
        """So many people more (or fewer) are taken to have been hung up on as machines: live answers, abandoned."""
        run.gauge.add(at, live=people, abandoned=people)
        run.budget.estimated(at.timestamp(), people)

    def set_campaign(self, run: CampaignRun, campaign: Campaign) -> None:
        """New settings; what was counted stays."""
        run.campaign = campaign
        run.gauge.cap, run.gauge.window = campaign.abandon_cap, campaign.abandon_window
        counted = run.budget.snapshot()
        run.budget = AbandonmentBudget(max(campaign.abandon_cap, LEAST_TARGET))
        run.budget.restore(counted)
        run.last_limit = None

    def running(self) -> list[CampaignRun]:
        """Campaigns that may dial: the most urgent first, then who has had least of his share of the group's calls."""
        runs = [r for r in self.campaigns.values() if r.state is CampaignState.RUNNING]
        return sorted(runs, key=lambda r: (-r.campaign.priority, r.served, r.campaign.id))

    def return_leads(
        self,
        run: CampaignRun,
        at: datetime,
        leads: Iterable[ClaimedLead],
        *,
        rest: timedelta | None = None,
        rule: str | None = None,
    ) -> None:
        ids = tuple(lead.id for lead in leads)
        if ids:
            until = at + rest if rest is not None else None
            self.note(
                LeadsReturned(
                    at=at, lead_ids=ids, campaign_id=run.campaign.id, blocked_until=until, rule=rule
                )
            )


def longest_idle_first(agents: Sequence[Agent]) -> list[Agent]:
    """The order in which free agents get calls. To give calls another way, put another order here."""
    return sorted(agents, key=lambda a: (a.since, a.id))
