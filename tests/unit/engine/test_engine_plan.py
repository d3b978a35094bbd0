"""The campaign's contact plan, as the engine lives with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scene import T0, Scene, campaign, lead, of

from dialer.domain.contact_plan import ContactPlan, Quota
from dialer.domain.facts import LeadMoved, LeadsReturned
from dialer.domain.outcomes import RECYCLE, LeadState, Outcome

HOUR = timedelta(hours=1)
SIX = Quota(6, 5, 2, (2, 2, 2))


def scene_of(tried: list[timedelta], quota: Quota | None = SIX) -> Scene:
    """One lead with tries that long before now (Tuesday, 11:00), one agent."""
    known = replace(lead(1), tries_at=tuple(sorted(T0 - before for before in tried)))
    return Scene(replace(campaign(), plan=ContactPlan(quota=quota)), leads=[known], agents=1)


def test_a_lead_within_its_quota_is_dialled() -> None:
    scene = scene_of([HOUR])
    scene.log_in(1)
    assert len(scene.dialled) == 1


def test_a_lead_over_its_part_of_the_day_rests_until_the_next() -> None:
    """Two mornings are used: the afternoon begins in an hour."""
    scene = scene_of([HOUR, 24 * HOUR])
    scene.log_in(1)
    assert scene.dialled == []
    assert [fact.rule for fact in scene.facts if isinstance(fact, LeadsReturned)] == ["contact_plan"]
    (returned,) = [fact for fact in scene.facts if isinstance(fact, LeadsReturned)]
    assert returned.blocked_until == T0 + HOUR


def test_a_lead_whose_plan_is_done_is_finished() -> None:
    scene = scene_of([24 * HOUR * n for n in range(1, 7)])
    scene.log_in(1)
    assert scene.dialled == []
    (moved,) = [fact for fact in scene.facts if isinstance(fact, LeadMoved)]
    assert (moved.step.state, moved.step.reason) == (LeadState.FINISHED, "plan_done")


def test_without_a_quota_nothing_holds_it_back() -> None:
    scene = scene_of([HOUR] * 20, quota=None)
    scene.log_in(1)
    assert len(scene.dialled) == 1


def test_a_campaigns_own_rest_follows_the_outcome() -> None:
    rules = {**RECYCLE, Outcome.BUSY: replace(RECYCLE[Outcome.BUSY], delay=7 * HOUR)}
    scene = Scene(replace(campaign(), plan=ContactPlan(rules=rules)), leads=[lead(1)], agents=1)
    scene.log_in(1)
    (dialled,) = scene.dialled
    step = scene.hang_up(dialled, outcome=Outcome.BUSY)
    (moved,) = of(LeadMoved, step)
    assert moved.step.next_at is not None
    assert moved.step.next_at - moved.at == 7 * HOUR
