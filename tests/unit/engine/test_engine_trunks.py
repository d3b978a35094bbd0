"""Trunks, the store's refusals and the law, as the engine lives with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scene import LEASE, T0, Scene, campaign, lead, of, outcomes, shard_state, trunk

from dialer.carriers import BACK_OFF_S
from dialer.compliance import RULES, load_rule_set
from dialer.domain.agent import AgentState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.commands import ClaimLeads, Originate
from dialer.domain.contact import Channel, Contact, Count
from dialer.domain.events import LeadsClaimed, TrunksEdited
from dialer.domain.facts import (
    AttemptEnded,
    AttemptMoved,
    AttemptPlanned,
    LeadMoved,
    LeadsReturned,
    PacingDecided,
    TrunkStopped,
)
from dialer.domain.outcomes import LeadState, NextStep, Outcome
from dialer.domain.values import ClaimedLead, PhoneNumber
from dialer.domain.wishes import GoReady, PauseCampaign, StartCampaign

CONGESTION = {"outcome": Outcome.CONGESTION, "q850": 34, "sip": 503, "fault": True}


# --- the store refuses ------------------------------------------------------------------------------------


def test_refused_attempt_leaves_no_trace() -> None:
    """1. The store refuses the plan (lease or fence lost); 2. no call, no end, no move of the lead; 3. the agent,
    the line and the person are free again."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    (attempt,) = scene.planned
    step = scene.commit(refuse=[attempt.id])
    assert step.commands == []
    assert of(AttemptMoved, step) + of(AttemptEnded, step) + of(LeadMoved, step) == []
    assert scene.agent(1).state is AgentState.READY
    assert scene.floor.persons == set()
    assert scene.floor.carriers.loads[0].in_use == 0


def test_some_committed_and_some_refused() -> None:
    """1. Of two plans one is refused: the other is dialled."""
    scene = Scene(leads=[lead(1), lead(2)], agents=2, hold_commits=True)
    scene.log_in(1, 2)
    first, second = scene.planned
    step = scene.commit(refuse=[first.id])
    assert [order.attempt.id for order in of(Originate, step)] == [second.id]


def test_commit_that_took_too_long() -> None:
    """1. The log stalls for a minute: the verdict is of then; 2. committed at last, it is not dialled."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    scene.later(60)
    step = scene.commit()
    assert of(Originate, step) == []
    assert outcomes(step) == [Outcome.CANCELLED]


# --- the breaker ------------------------------------------------------------------------------------------


def storm(scene: Scene, times: int = 3) -> None:
    """So many calls in a row that the carrier refuses with 503."""
    for _ in range(times):
        scene.later(0.1)
        scene.hang_up(scene.dialled[-1], **CONGESTION)  # type: ignore[arg-type]
        scene.later(0.1)
        scene.run(0)


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.POWER, DialMode.PREDICTIVE])
def test_breaker_opens_probes_and_closes(mode: DialMode) -> None:
    """1. Three 503 open the breaker: nothing is dialled; 2. after the back-off one probe goes out; 3. it rings:
    the trunk is in use again. In every mode."""
    scene = Scene(
        campaign(mode=mode), leads=[lead(n) for n in range(1, 60)], agents=3, trunks=[trunk(cps=5.0)]
    )
    scene.log_in(1)
    while scene.floor.carriers.loads[0].open_until is None:
        call = next(iter(scene.floor.calls))
        scene.hang_up(call, **CONGESTION)  # type: ignore[arg-type]
        scene.run(0.25)
    for call in list(scene.floor.calls):
        scene.hang_up(call, **CONGESTION)  # type: ignore[arg-type]
    scene.log_in(2, 3)
    before = len(scene.dialled)
    scene.run(BACK_OFF_S * 0.7)
    assert len(scene.dialled) == before
    scene.run(BACK_OFF_S * 0.6)
    assert len(scene.dialled) == before + 1
    scene.ring(scene.dialled[-1])
    scene.run(1)
    assert len(scene.dialled) > before + 1


def test_congestion_burns_no_lead() -> None:
    """1. The carrier refused: unburnt; 2. the lead comes again in 5 s on the same number."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    step = scene.hang_up(scene.dialled[0], **CONGESTION)  # type: ignore[arg-type]
    (ended,), (moved,) = of(AttemptEnded, step), of(LeadMoved, step)
    assert (ended.outcome, ended.burnt) == (Outcome.CONGESTION, False)
    assert moved.step == NextStep(LeadState.RESTING, scene.now + timedelta(seconds=5), 10)


def test_failover_to_the_next_trunk() -> None:
    """1. The first trunk's breaker opens; 2. calls go out by the second."""
    scene = Scene(
        leads=[lead(n) for n in range(1, 9)],
        agents=1,
        trunks=[trunk("first"), trunk("second", position=2)],
    )
    scene.log_in(1)
    storm(scene)
    assert [attempt.trunk for attempt in scene.planned] == ["first", "first", "first", "second"]


def test_calls_per_second_are_kept() -> None:
    """1. Twenty ready agents and 5 calls per second; 2. one goes at once, the others at the trunk's pace; 3. the
    engine asks to be woken for each."""
    scene = Scene(
        leads=[lead(n) for n in range(1, 31)],
        agents=20,
        trunks=[trunk(cps=5.0)],
    )
    scene.wish(9, PauseCampaign(1))
    scene.log_in(*range(1, 21))
    scene.wish(9, StartCampaign(1))
    scene.run(2)
    assert 10 <= len(scene.dialled) <= 12
    scene.run(3)
    assert len(scene.dialled) == 20


def test_no_line_leaves_the_lead_in_the_hopper() -> None:
    """1. The only channel is taken: the second agent waits; 2. a line comes free: dialled at once."""
    scene = Scene(leads=[lead(1), lead(2)], agents=2, trunks=[trunk(channels=1)])
    scene.log_in(1, 2)
    assert [attempt.lead_id for attempt in scene.planned] == [1]
    scene.later(1)
    scene.hang_up(scene.dialled[0], Outcome.BUSY)
    assert [attempt.lead_id for attempt in scene.planned] == [1, 2]


# --- hopper and persons -----------------------------------------------------------------------------------


def test_one_ring_per_person() -> None:
    """1. Two leads of one person; 2. one is dialled, the other rests a minute."""
    scene = Scene(leads=[lead(1), lead(2, person_id=1001), lead(3)], agents=2)
    scene.log_in(1, 2)
    assert [attempt.lead_id for attempt in scene.planned] == [1, 3]
    (back,) = of(LeadsReturned, scene)
    assert (back.lead_ids, back.rule) == ((2,), "one_ring_per_person")
    assert back.blocked_until is not None


def test_leads_go_back_before_their_lease_ends() -> None:
    """1. Claimed, and nobody is ready for five minutes; 2. they go back with time to spare; 3. fresh ones are
    claimed and dialled when somebody is."""
    scene = Scene(leads=[lead(n) for n in range(1, 4)], agents=1)
    scene.log_in(1, ready=False)
    step = scene.run(LEASE.total_seconds() - 1)
    assert sorted(n for back in of(LeadsReturned, step) for n in back.lead_ids) == [1, 2, 3]
    scene.list = [lead(9)]
    scene.run(4)
    scene.wish(1, GoReady())
    assert [attempt.lead_id for attempt in scene.planned] == [9]


def test_empty_list_is_not_asked_all_the_time() -> None:
    """1. The list had less than asked for: not asked again for 2 s; 2. then it is."""
    scene = Scene(agents=1)
    scene.log_in(1)
    scene.run(2.3)  # (the second claim, for certain)
    asked = len(of(ClaimLeads, scene))
    scene.run(1.5)
    assert len(of(ClaimLeads, scene)) == asked
    scene.run(0.6)
    assert len(of(ClaimLeads, scene)) == asked + 1


def test_one_claim_at_a_time() -> None:
    """1. While a claim is on its way no other is ordered."""
    scene = Scene(agents=1)
    engine = scene.engine
    scene.log_in(1)
    scene.run(2.1)
    asked = len(of(ClaimLeads, scene))
    engine.floor.campaigns[1].claiming = True
    scene.run(5)
    assert len(of(ClaimLeads, scene)) == asked


# --- the law ----------------------------------------------------------------------------------------------


def test_outside_the_hours_the_lead_rests_until_the_morning() -> None:
    """1. 19:00 in Santo Domingo under the strict set; 2. nothing is dialled; 3. the lead rests until 09:00."""
    scene = Scene(campaign(rule_set="strict"), agents=1)
    scene.now = T0 + timedelta(hours=8)
    scene.list = [lead(1)]
    scene.log_in(1)
    assert scene.planned == []
    (back,) = of(LeadsReturned, scene)
    assert (back.rule, back.blocked_until) == ("hours", T0.replace(hour=13) + timedelta(days=1))


def in_bogota(claimed: ClaimedLead) -> ClaimedLead:
    """The same lead with a Colombian number and address."""
    (phone,) = claimed.phones
    number = replace(phone, number=PhoneNumber("+573001234567"))
    return replace(claimed, time_zone="America/Bogota", phones=(number,))


@pytest.mark.parametrize(("seconds", "dials"), [(0, True), (1, False), (30, False)])
def test_saturday_afternoon_in_bogota(seconds: int, dials: bool) -> None:
    """1. Ley 2300 ends Saturday at 15:00, and the last ring with it; 2. 14:59:00 dials, 14:59:30 does not, the margin
    being a minute; 3. the lead rests until Monday at seven."""
    scene = Scene(campaign(rule_set="CO", ring_timeout_s=25), agents=1)
    scene.now = datetime(2026, 11, 21, 19, 59, seconds, tzinfo=UTC)
    until = scene.now + timedelta(minutes=5)
    scene.list = [replace(in_bogota(lead(1)), lease_until=until)]
    scene.log_in(1)
    assert [attempt.lead_id for attempt in scene.planned] == ([1] if dials else [])
    back = of(LeadsReturned, scene)
    monday = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert [(fact.rule, fact.blocked_until) for fact in back] == ([] if dials else [("hours", monday)])


def test_a_closed_zone_is_left_out_of_the_next_claims() -> None:
    """1. Saturday evening in Bogotá: the lead rests, and nobody else of the zone is asked for; 2. the law is what is
    told; 3. on Monday at seven the zone is asked for again."""
    scene = Scene(campaign(rule_set="CO"), agents=1)
    scene.now = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    scene.list = [in_bogota(lead(1))]
    scene.log_in(1)
    scene.run(10)
    first, *others = of(ClaimLeads, scene)
    assert first.closed_zones == ()
    assert {order.closed_zones for order in others} == {("America/Bogota",)}
    assert scene.engine.floor.campaigns[1].denied == ("hours", datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    scene.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    scene.run(5)
    assert of(ClaimLeads, scene)[-1].closed_zones == ()


def test_one_debtor_s_own_hours_close_no_zone() -> None:
    """1. His number lies in another zone, where the hours are over; 2. he rests; 3. his neighbours are asked for."""
    scene = Scene(campaign(rule_set="strict"), agents=1)
    scene.now = T0 + timedelta(hours=7, minutes=30)
    (phone,) = lead(1).phones
    spanish = replace(phone, number=PhoneNumber("+34910550101"))
    scene.list = [replace(lead(1), time_zone="America/Chicago", phones=(spanish,))]
    scene.log_in(1)
    scene.run(10)
    assert [fact.rule for fact in of(LeadsReturned, scene)] == ["hours"]
    assert {order.closed_zones for order in of(ClaimLeads, scene)} == {()}


def test_contacts_the_ledger_knows_are_heeded() -> None:
    """1. The claim brings a talk of this morning; 2. one contact a day: not dialled, until tomorrow at seven."""
    now = datetime(2026, 11, 18, 19, 0, tzinfo=UTC)
    talk = Contact(now - timedelta(hours=5), Channel.VISIT, frozenset({Count.CONTACT}))
    scene = Scene(campaign(rule_set="CO"), agents=1)
    scene.now = now
    person = replace(in_bogota(lead(1)), contacts=(talk,), ledger_rows=1)
    scene.list = [replace(person, lease_until=now + timedelta(minutes=5))]
    scene.log_in(1)
    assert scene.planned == []
    (back,) = of(LeadsReturned, scene)
    # The week's one channel is the visit's, so a call has to wait for Monday.
    assert (back.rule, back.blocked_until) == ("CO-day", datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def test_do_not_call_suppresses_the_lead() -> None:
    """1. A person on the do-not-call list is never dialled; 2. his lead is suppressed for that reason."""
    scene = Scene(leads=[lead(1, do_not_call=True)], agents=1)
    scene.log_in(1)
    assert scene.planned == []
    (moved,) = of(LeadMoved, scene)
    assert moved.step == NextStep(LeadState.SUPPRESSED, reason="do_not_call")


@pytest.mark.parametrize("number", ["+99912345678", "+00000000", "+888123456789"])
def test_number_of_no_country_is_never_dialled(number: str) -> None:
    """1. Nobody knows where it rings, so when it may; 2. it is not dialled, and the engine goes on."""
    odd = lead(1, time_zone=None)
    odd = replace(odd, phones=(replace(odd.phones[0], number=PhoneNumber(number)),))
    scene = Scene(campaign(rule_set="strict"), leads=[odd, lead(2)], agents=1)
    scene.log_in(1)
    assert [attempt.lead_id for attempt in scene.planned] == [2]


def test_lead_with_a_zone_that_does_not_exist() -> None:
    """1. A time zone nobody knows allows no call; 2. and stops no engine."""
    scene = Scene(
        campaign(rule_set="strict"), leads=[lead(1, time_zone="America/Atlantis"), lead(2)], agents=1
    )
    scene.log_in(1)
    assert [attempt.lead_id for attempt in scene.planned] == [2]


def test_verdict_goes_with_the_attempt() -> None:
    """1. Rule set, version and the rules checked are part of the plan."""
    scene = Scene(campaign(rule_set="strict"), leads=[lead(1)], agents=1)
    scene.log_in(1)
    (planned,) = of(AttemptPlanned, scene)
    verdict = planned.attempt.verdict
    assert (verdict.rule_set, verdict.version) == ("strict", load_rule_set("strict").version)
    assert verdict.checked == tuple(RULES)


def test_late_claim_of_a_campaign_not_running() -> None:
    """1. Leads for a draft campaign go straight back."""
    scene = Scene(state=shard_state(campaign(state=CampaignState.DRAFT)))
    step = scene.feed(LeadsClaimed(at=scene.now, campaign_id=1, asked=3, leads=(lead(1),)))
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(1,)]
    scene.wish(9, StartCampaign(1))
    assert scene.planned == []


# --- live changes ------------------------------------------------------------------------------------------


def test_a_new_trunk_is_dialled_over_at_once_and_one_that_is_gone_no_more() -> None:
    """1. Two agents, one line: one call; 2. another trunk comes, and the second call goes out by itself; 3. both go."""
    scene = Scene(
        campaign(), leads=[lead(n) for n in range(1, 6)], agents=2, trunks=[trunk("one", channels=1)]
    )
    scene.log_in(1)
    scene.log_in(2)
    scene.run(1)
    assert [attempt.trunk for attempt in scene.planned] == ["one"]
    scene.feed(TrunksEdited(at=scene.now, trunks=(trunk("one", channels=1), trunk("two", position=2))))
    scene.run(1)
    assert [attempt.trunk for attempt in scene.planned] == ["one", "two"]
    scene.feed(TrunksEdited(at=scene.now, trunks=()))
    for call in list(scene.dialled):
        scene.hang_up(call)
    scene.run(5)
    assert len(scene.planned) == 2
    assert of(PacingDecided, scene)[-1].explain["limit"] == "no_trunk"
    scene.feed(TrunksEdited(at=scene.now, trunks=(trunk("two", position=2),)))
    scene.run(1)
    assert [attempt.trunk for attempt in scene.planned[2:]] == ["two", "two"]


def test_a_carrier_that_refuses_our_account_stops_and_the_floor_says_why() -> None:
    """Every call ends with 401: after three nothing more is dialled, no lead is burnt, and the reason is told."""
    scene = Scene(campaign(), leads=[lead(n) for n in range(1, 9)], agents=1)
    scene.log_in(1)
    for _ in range(5):
        scene.run(30)
        for call in [c for c in scene.dialled if c in scene.floor.calls]:
            scene.hang_up(call, Outcome.FAILED, q850=21, sip=401, fault=True)
    (stopped,) = of(TrunkStopped, scene)
    assert (stopped.trunk, "SIP 401" in stopped.reason) == ("telco", True)
    assert len(scene.dialled) == 3
    assert not any(ended.burnt for ended in of(AttemptEnded, scene))
    last = of(PacingDecided, scene)[-1].explain
    assert last["limit"] == "no_trunk"
    assert last["trunks_out"] == "telco (SIP 401)"
    # The store says the same of it, and later that somebody has put it back.
    scene.feed(TrunksEdited(at=scene.now, trunks=(replace(trunk(), fault=stopped.reason),)))
    scene.run(5)
    assert len(scene.dialled) == 3
    scene.feed(TrunksEdited(at=scene.now, trunks=(trunk(),)))
    scene.run(5)
    assert len(scene.dialled) == 4
