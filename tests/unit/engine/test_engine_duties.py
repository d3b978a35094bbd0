"""The law at the moment of dialling, with the clock in the test's hand: the last lawful second, the shortest ring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scene import Scene, campaign, lead, of, outcomes

from dialer.domain.campaign import Campaign, CampaignState, ShownNumber
from dialer.domain.commands import HangUpCall, Originate
from dialer.domain.contact import Place
from dialer.domain.debtor import PartyRole
from dialer.domain.events import CampaignEdited
from dialer.domain.facts import CampaignMoved, IntentSettled, LeadMoved, LeadsReturned
from dialer.domain.outcomes import LeadState, Outcome
from dialer.domain.values import ClaimedLead, PhoneNumber
from dialer.domain.wishes import PauseCampaign, StartCampaign

#: Saturday 21 November 2026, 14:59:00 in Bogotá: calls end at 15:00.
SATURDAY = datetime(2026, 11, 21, 19, 59, tzinfo=UTC)


def bogota(n: int, **changes: object) -> ClaimedLead:
    made = lead(n, phones=2, time_zone="America/Bogota", lease_until=SATURDAY + timedelta(days=400))
    phones = tuple(replace(p, number=PhoneNumber(f"+57300555{p.id:04}")) for p in made.phones)
    return replace(made, phones=phones, **changes)  # type: ignore[arg-type]


def dialled(scene: Scene) -> list[int]:
    return [order.attempt.lead_id for order in of(Originate, scene)]


@pytest.mark.parametrize(("seconds", "dials"), [(0, True), (0.001, False), (30, False), (60, False)])
def test_saturday_in_bogota(seconds: float, dials: bool) -> None:
    """1. At 14:59:00 it dials, the ring ending with the hour; 2. a moment later, at 14:59:30 and at 15:00 it does not:
    the lead rests until Monday at seven, for Sunday has no hours."""
    scene = Scene(campaign(rule_set="CO", ring_timeout_s=25), leads=[bogota(1)], agents=1)
    scene.now = SATURDAY + timedelta(seconds=seconds)
    scene.log_in(1)
    assert dialled(scene) == ([1] if dials else [])
    if not dials:
        (back,) = of(LeadsReturned, scene)
        assert back.rule == "hours"
        assert back.blocked_until == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_whom_the_dialer_may_not_call_at_all() -> None:
    """1. A reference is never dialled, and the lead says why; 2. the guarantor is; 3. a telephone at work gives way to
    the other one; 4. who has no other is not called."""
    at_work = bogota(3)
    first, second = at_work.phones
    workplace = replace(first, place=Place.WORKPLACE)
    alone = bogota(4)
    leads = [
        bogota(1, role=PartyRole.REFERENCE),
        bogota(2, role=PartyRole.GUARANTOR),
        replace(at_work, phones=(workplace, second)),
        replace(alone, phones=(replace(alone.phones[0], place=Place.WORKPLACE),)),
    ]
    scene = Scene(campaign(rule_set="CO"), leads=leads, agents=4)
    scene.now = SATURDAY - timedelta(hours=2)
    scene.log_in(1, 2, 3, 4)
    assert dialled(scene) == [2, 3]
    assert of(Originate, scene)[1].attempt.phone_id == second.id
    closed = [fact for fact in of(LeadMoved, scene) if fact.step.state is LeadState.SUPPRESSED]
    assert [(fact.lead_id, fact.step.reason) for fact in closed] == [
        (1, "contact_scope"),
        (4, "contact_scope"),
    ]


def ringing(held: Campaign, agents: int = 1) -> tuple[Scene, str]:
    """A call that rings for agent 1 since a second."""
    scene = Scene(held, leads=[bogota(1)], agents=agents)
    scene.now = SATURDAY - timedelta(hours=2)
    scene.log_in(1)
    call = scene.dialled[-1]
    scene.ring(call)
    scene.later(1)
    return scene, call


def test_a_telephone_rings_as_long_as_the_law_asks() -> None:
    """1. Its agent is gone after a second: it rings on; 2. after fifteen nobody is free: given up; 3. it never was
    answered, so nobody was abandoned."""
    scene, call = ringing(campaign(rule_set="CO"))
    assert of(HangUpCall, scene.lose_leg(1)) == []
    assert of(HangUpCall, scene.run(13.9)) == []
    assert of(HangUpCall, scene.run(0.2)) == [HangUpCall(call)]
    scene.hang_up(call)
    assert outcomes(scene) == [Outcome.CANCELLED]


def test_who_answers_meanwhile_gets_the_next_agent() -> None:
    """1. The agent is gone, another came; 2. the ring goes on beyond the fifteenth second, for somebody is free."""
    scene, call = ringing(campaign(rule_set="CO"), agents=2)
    scene.lose_leg(1)
    scene.log_in(2)
    assert of(HangUpCall, scene.run(20)) == []
    scene.answer(call)
    scene.bridge(call, 2)
    assert scene.call(call).agent_id == 2


def test_over_the_cap_nobody_is_left_to_answer_alone() -> None:
    """1. One more abandonment would break the cap: given up at once, the ring's length is the lesser duty; 2. so it is
    where no rule asks for a ring."""
    scene, call = ringing(campaign(rule_set="CO"))
    scene.floor.count_live(scene.floor.campaigns[1], scene.now, live=1, abandoned=1)
    assert of(HangUpCall, scene.lose_leg(1)) == [HangUpCall(call)]
    scene, call = ringing(campaign())
    assert of(HangUpCall, scene.lose_leg(1)) == [HangUpCall(call)]


def started(scene: Scene) -> str | None:
    """What is said of the wish to start it (None: done)."""
    (settled,) = of(IntentSettled, scene.wish(9, StartCampaign(1)))
    return settled.error


OWNED = ShownNumber("telco", "+576015550100", owner="Cobros", answered_by="101")


def test_a_caller_id_disowned_halts_the_campaign_at_once() -> None:
    """1. What rings goes on; 2. the campaign is halted with its reason, gives its leads back and dials nobody more;
    3. owned again it stays so until a person starts it; 4. which he can't while the number is nobody's."""
    held = replace(campaign(rule_set="CO"), shown=(OWNED,))
    scene = Scene(held, leads=[bogota(n) for n in range(1, 5)], agents=2)
    scene.now = SATURDAY
    scene.log_in(1)
    assert dialled(scene) == [1]
    disowned = replace(held, shown=(replace(OWNED, owner="", answered_by=""),))
    step = scene.feed(CampaignEdited(at=scene.now, campaign=disowned))
    (moved,) = of(CampaignMoved, step)
    assert (moved.state, moved.reason) == (CampaignState.HALTED, "breaks_rules")
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(2, 3, 4)]
    scene.log_in(2)
    assert dialled(scene) == [1]
    assert [call.lead.id for call in scene.floor.calls.values()] == [1]
    scene.wish(9, PauseCampaign(1))
    assert started(scene) == "breaks_rules"
    scene.feed(CampaignEdited(at=scene.now, campaign=held))
    assert scene.floor.campaigns[1].state is CampaignState.PAUSED
    assert started(scene) is None


def test_who_starts_again_with_a_disowned_number_dials_nobody() -> None:
    """The number was taken back while no dialer ran: the campaign that was running is halted from the start."""
    nobodys = replace(campaign(rule_set="CO"), shown=(replace(OWNED, owner=""),))
    scene = Scene(nobodys, leads=[bogota(1)], agents=1)
    scene.now = SATURDAY
    scene.log_in(1)
    assert dialled(scene) == []
    assert scene.floor.campaigns[1].state is CampaignState.HALTED
