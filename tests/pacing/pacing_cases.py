"""What the pacing tests share: a campaign, a snapshot in a few words, a memoryless scenario."""

from __future__ import annotations

from typing import Any

from pacing.policy import CampaignInfo, Policy, Snapshot, create
from pacing.world import Scenario

INFO = CampaignInfo(target_abandon=0.03, max_lines=200, prior={"p_human": 0.2, "talk": 100.0, "wrap": 20.0})


def started(name: str, info: CampaignInfo = INFO, **settings: Any) -> Policy:
    policy = create(name, **settings)
    policy.campaign_start(0.0, info)
    return policy


def snap(ready: int = 0, logged_in: int | None = None, **others: Any) -> Snapshot:
    """A snapshot with plenty of lines in which everyone logged in is ready, unless told otherwise."""
    fields: dict[str, Any] = {"in_flight": 0, "waiting": 0, "free_lines": 100} | others
    return Snapshot(ready=ready, logged_in=ready if logged_in is None else logged_in, **fields)


def calls(policy: Policy, now: float, snapshot: Snapshot) -> int:
    answer = policy.decide(now, snapshot)
    return answer[0] if isinstance(answer, tuple) else answer


def memoryless(n_agents: int, hours: float, **others: Any) -> Scenario:
    """Everyone answers at once, talks an exponential time, waits not at all: an Erlang loss system."""
    fields: dict[str, Any] = {
        "name": f"memoryless-{n_agents}",
        "n_agents": n_agents,
        "hours": hours,
        "outcome_knots": ((0, 1.0, 0.0, 0.0, 0.0),),
        "pdd": ("const", 0.0),
        "ring_human": ("const", 0.0),
        "greeting": ("const", 0.0),
        "amd": False,
        "bridge": 0.0,
        "wait_limit": 0.0,
        "wrap": ("const", 0.2),
        "agent_wrap_spread": 0.0,
        "agent_talk_spread": 0.0,
        "p_pause": 0.0,
        "breaks": (),
        "login_spread": 1.0,
        "trunks_per_agent": 20.0,
    }
    return Scenario(**(fields | others))
