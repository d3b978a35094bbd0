"""What a forecast is fitted to: the last hours of a campaign in numbers, and the settings to compare. Plain JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dialer.domain.agent import AgentState
from dialer.domain.campaign import Campaign
from dialer.domain.logged import BUSY_STATES, WAITING_STATES, LoggedCall, Stretch
from dialer.domain.outcomes import LIVE_OUTCOMES
from dialer.domain.screening import Screening

#: With less than this the past says too little of the future.
LEAST_CALLS, LEAST_CONNECTS = 60, 12
#: The newest calls are enough.
MOST_CALLS = 20_000
#: A break shorter than this is none: a phone that was connected, a screen that was reloaded.
LEAST_BREAK_S = 20.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Times in seconds."""

    #: Of each call: how long it rang until somebody answered (None: nobody did), how long until it ended else.
    answered_s: list[float | None]
    ended_s: list[float]
    #: The same of answers in which the screening heard a machine.
    machine_s: list[float | None]
    #: From the answer to the end of a person's greeting, and to the verdict on a person and on a machine. Empty where
    #: nobody listens.
    greetings_s: list[float]
    persons_heard_s: list[float]
    machines_heard_s: list[float]
    talks_s: list[float]
    wraps_s: list[float]
    breaks_s: list[float]
    #: Agents at work on average while any was.
    agents: float
    #: Lines and calls a second of all trunks.
    lines: int
    cps: float
    minutes: float

    @property
    def suffices(self) -> bool:
        return len(self.ended_s) >= LEAST_CALLS and len(self.talks_s) >= LEAST_CONNECTS and self.agents >= 0.5


def evidence_of(stretch: Stretch) -> Evidence:
    """Count the stretch."""
    calls = stretch.calls[-MOST_CALLS:]
    own = [spell for spell in stretch.spells if not spell.elsewhere]
    working = BUSY_STATES | WAITING_STATES
    edges: list[tuple[float, int]] = []
    for spell in own:
        if spell.state in working:
            edges += [(spell.since.timestamp(), 1), (spell.until.timestamp(), -1)]
    staffed_s = sum(spell.seconds for spell in own if spell.state in working)
    return Evidence(
        answered_s=[None if _is_machine(call) else call.answered_s for call in calls],
        machine_s=[call.answered_s if _is_machine(call) else None for call in calls],
        greetings_s=[c.heard.greeting_end_s for c in calls if c.heard and c.heard.greeting_end_s is not None],
        persons_heard_s=[c.heard.after_s for c in calls if c.heard and not _is_machine(c)],
        machines_heard_s=[c.heard.after_s for c in calls if c.heard and _is_machine(c)],
        ended_s=[call.ended_s for call in calls],
        talks_s=[call.ended_s - call.connected_s for call in calls if call.connected_s is not None],
        wraps_s=[spell.seconds for spell in own if spell.state is AgentState.WRAP_UP],
        breaks_s=[
            spell.seconds
            for spell in own
            if spell.state is AgentState.NOT_READY
            and spell.seconds >= LEAST_BREAK_S
            and spell.until < stretch.end
        ],
        agents=staffed_s / covered if (covered := _covered_s(edges)) > 0 else 0.0,
        lines=sum(trunk.channels for trunk in stretch.trunks),
        cps=sum(trunk.calls_per_second for trunk in stretch.trunks),
        minutes=(stretch.end - stretch.begin).total_seconds() / 60,
    )


def _is_machine(call: LoggedCall) -> bool:
    """Answered, and by the screening's word by nobody who wants an agent."""
    return call.answered_s is not None and call.heard is not None and call.outcome not in LIVE_OUTCOMES


def _covered_s(edges: list[tuple[float, int]]) -> float:
    """Seconds during which anybody worked."""
    total, open_, since = 0.0, 0, 0.0
    for at, step in sorted(edges):
        if open_ == 0:
            since = at
        open_ += step
        if open_ == 0:
            total += at - since
    return total


def knobs_of(campaign: Campaign) -> dict[str, Any]:
    """What of the settings moves the pace, as JSON."""
    return {
        "mode": campaign.mode.value,
        "policy": campaign.policy.value,
        "ratio": campaign.ratio,
        "max_lines_per_agent": campaign.max_lines_per_agent,
        "abandon_cap": campaign.abandon_cap,
        "connect_limit_s": campaign.connect_limit_s,
        "ring_timeout_s": campaign.ring_timeout_s,
        "wrap_up_s": campaign.wrap_up_s,
        "screened": campaign.screening.mode is Screening.ON,
        "clock": campaign.screening.clock.value,
    }
