"""Previews, typed numbers, campaigns started and stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from scene import NEVER, PAID, Scene, campaign, lead, of, outcomes, trunk

from dialer.compliance import load_rule_set
from dialer.domain.agent import AgentState
from dialer.domain.campaign import CampaignState, DialMode, ShownNumber
from dialer.domain.commands import ClaimLeads, ClaimPhone, Originate, PrepareMessage, RenderText
from dialer.domain.events import CampaignEdited, LeadsClaimed, PhoneClaimed, TextRendered
from dialer.domain.facts import CampaignMoved, IntentSettled, LeadMoved, LeadsReturned
from dialer.domain.outcomes import Effect, LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.screening import SpokenText
from dialer.domain.stored import StoredDisposition
from dialer.domain.values import ClaimedLead
from dialer.domain.wishes import (
    DialNumber,
    DialPreview,
    Dispose,
    GoNotReady,
    GoReady,
    LogOut,
    PauseCampaign,
    SkipPreview,
    StartCampaign,
    StopCampaign,
)


def error(step: object) -> str | None:
    (settled,) = of(IntentSettled, step)  # type: ignore[arg-type]
    return settled.error


def previewing(*leads: ClaimedLead, channels: int = 100) -> Scene:
    """Agent 1 with the first lead on his screen."""
    scene = Scene(
        campaign(mode=DialMode.PREVIEW),
        leads=leads or [lead(1), lead(2)],
        agents=1,
        trunks=[trunk(channels=channels)],
    )
    scene.log_in(1)
    assert scene.agent(1).state is AgentState.PREVIEWING
    return scene


def manual(*, ready: bool = False, state: CampaignState = CampaignState.RUNNING) -> Scene:
    scene = Scene(campaign(mode=DialMode.MANUAL, state=state), agents=2)
    scene.log_in(1, 2, ready=ready)
    return scene


def typed(scene: Scene, found: ClaimedLead | None, *, agent_id: int = 1, number: str | None = None) -> object:
    """The agent types the number, and the store finds `found` behind it."""
    wanted = number or (found.phones[0].number.e164 if found else "+18095550100")
    (order,) = of(ClaimPhone, scene.wish(agent_id, DialNumber(wanted)))
    return scene.feed(
        PhoneClaimed(
            at=scene.now, intent_id=order.intent_id, agent_id=agent_id, lead=found, number=order.number
        )
    )


# --- preview ----------------------------------------------------------------------------------------------


def test_preview_is_dialled_when_the_agent_says_so() -> None:
    """1. The lead is shown, nothing dialled; 2. his word plans and dials it for him; 3. he talks."""
    scene = previewing()
    assert scene.dialled == []
    shown = scene.agent(1).preview
    assert shown is not None
    step = scene.wish(1, DialPreview(shown.id, None))
    assert error(step) is None
    (order,) = of(Originate, step)
    assert (order.attempt.lead_id, order.attempt.agent_id) == (shown.id, 1)
    scene.connect()


def test_preview_of_another_number() -> None:
    """1. The agent picks the second number; 2. one that is no good is refused and the lead stays on screen."""
    scene = previewing(lead(1, phones=3, statuses=[PhoneStatus.ACTIVE, PhoneStatus.INVALID]))
    assert error(scene.wish(1, DialPreview(1, 11))) == "number_not_usable"
    assert error(scene.wish(1, DialPreview(1, 999))) == "number_not_usable"
    (order,) = of(Originate, scene.wish(1, DialPreview(1, 12)))
    assert order.attempt.phone_id == 12


def test_preview_skipped() -> None:
    """1. The lead rests 30 minutes; 2. the next one is shown."""
    scene = previewing()
    step = scene.wish(1, SkipPreview(1, "spoke this morning"))
    assert of(LeadsReturned, step) == [
        LeadsReturned(
            at=scene.now,
            lead_ids=(1,),
            campaign_id=1,
            blocked_until=scene.now + timedelta(minutes=30),
            rule="skipped",
        )
    ]
    shown = scene.agent(1).preview
    assert shown is not None
    assert shown.id == 2


def test_preview_answers_to_its_lead_only() -> None:
    """1. Dialling or skipping another lead than the one shown is refused."""
    scene = previewing()
    assert error(scene.wish(1, DialPreview(2, None))) == "no_preview"
    assert error(scene.wish(1, SkipPreview(2, ""))) == "no_preview"


def test_preview_withdrawn_on_pause() -> None:
    """1. The campaign pauses: screen and hopper go back to the list; 2. the agent is ready."""
    scene = previewing()
    step = scene.wish(9, PauseCampaign(1))
    assert sorted(n for back in of(LeadsReturned, step) for n in back.lead_ids) == [1, 2]
    assert scene.agent(1).state is AgentState.READY


@pytest.mark.parametrize("leave", [GoNotReady("lunch"), LogOut()])
def test_preview_goes_back_when_the_agent_goes(leave: GoNotReady | LogOut) -> None:
    """1. He goes on a break, or home: his lead returns to the list."""
    scene = previewing(lead(1))
    (back,) = of(LeadsReturned, scene.wish(1, leave))
    assert back.lead_ids == (1,)


def test_preview_goes_back_when_the_phone_is_lost() -> None:
    """1. His leg dies: the lead returns; 2. he is unreachable."""
    scene = previewing(lead(1))
    (back,) = of(LeadsReturned, scene.lose_leg(1))
    assert back.lead_ids == (1,)


def test_preview_read_for_too_long() -> None:
    """1. Its lease is over: dialling it is refused, the lead goes back; 2. the agent is ready."""
    scene = previewing(lead(1))
    scene.later(301)
    step = scene.wish(1, DialPreview(1, None))
    assert error(step) == "preview_expired"
    assert scene.agent(1).preview is None


def test_preview_without_a_free_line() -> None:
    """1. No trunk may take a call: refused, the lead stays; 2. with a line it is dialled."""
    scene = previewing(lead(1), channels=0)
    assert error(scene.wish(1, DialPreview(1, None))) == "no_line"
    assert scene.agent(1).state is AgentState.PREVIEWING


def test_preview_that_the_law_forbids_meanwhile() -> None:
    """1. Shown at 17:59 and dialled at 18:01: refused; 2. the lead rests until the morning; 3. the agent goes on."""
    scene = Scene(campaign(mode=DialMode.PREVIEW, rule_set="strict"), leads=[lead(1)], agents=1)
    scene.now = scene.now.replace(hour=21, minute=58)  # 17:58 in Santo Domingo
    scene.list = [replace(lead(1), lease_until=scene.now)]
    scene.log_in(1)
    scene.later(180)
    step = scene.wish(1, DialPreview(1, None))
    assert error(step) == "not_allowed_now"
    (back,) = of(LeadsReturned, step)
    assert (back.rule, back.blocked_until) == (
        "hours",
        scene.now.replace(hour=13, minute=0, second=0, microsecond=0) + timedelta(days=1),
    )
    assert scene.agent(1).state is AgentState.READY
    assert scene.planned == []


# --- a number typed by hand -------------------------------------------------------------------------------


def test_typed_number_found() -> None:
    """1. The number is looked up, however it was written; 2. found, it is dialled for him; 3. then he is
    NOT_READY, as he was."""
    scene = manual()
    (order,) = of(ClaimPhone, scene.wish(1, DialNumber("+1 (809) 555-01.00")))
    assert (order.number, order.campaign_ids) == ("+18095550100", (1,))
    found = lead(9)  # its number is +1 956 555 01 00
    (dial,) = of(Originate, typed(scene, found))  # type: ignore[arg-type]
    assert dial.attempt.agent_id == 1
    scene.hang_up(scene.dialled[0], Outcome.NO_ANSWER)
    assert (scene.agent(1).state, scene.agent(1).reason) == (AgentState.NOT_READY, "manual")


def test_typed_number_leads_to_a_talk() -> None:
    """1. Answered, he is bridged; 2. after his word he is NOT_READY: the next number is his to type."""
    scene = manual(ready=True)
    typed(scene, lead(1))
    call = scene.connect()
    scene.hang_up(call)
    scene.wish(1, Dispose(call, PAID, "", None))
    assert (scene.agent(1).state, scene.agent(1).reason) == (AgentState.NOT_READY, "manual")


def test_typed_number_unknown() -> None:
    """1. Nobody has that number: refused, nothing dialled."""
    scene = manual()
    assert error(typed(scene, None)) == "number_unknown"
    assert scene.planned == []


def test_typed_number_of_a_lead_on_the_do_not_call_list() -> None:
    """1. The law forbids it for good: the lead is suppressed; 2. the agent is told."""
    scene = manual()
    step = typed(scene, lead(1, do_not_call=True))
    assert error(step) == "not_allowed_now"
    (moved,) = of(LeadMoved, step)  # type: ignore[arg-type]
    assert moved.step == NextStep(LeadState.SUPPRESSED, reason="do_not_call")


def test_typed_number_of_a_person_in_a_call() -> None:
    """1. The person is on the line with a colleague: refused, the lead goes back."""
    scene = manual()
    typed(scene, lead(1))
    step = typed(scene, lead(2, person_id=1001), agent_id=2)
    assert error(step) == "person_in_call"
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(2,)]  # type: ignore[arg-type]


def test_typed_number_that_went_bad() -> None:
    """1. The number is known and marked as another person's: refused, the lead goes back."""
    scene = manual()
    step = typed(scene, lead(1, statuses=[PhoneStatus.WRONG_PERSON]))
    assert error(step) == "number_not_usable"
    assert len(of(LeadsReturned, step)) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "number", ["", "hello", "+", "+12", "+1809555010099999", "٠١٢٣٤٥٦٧٨٩", "+1809;5550100"]
)
def test_typed_nonsense(number: str) -> None:
    """1. What is no number is refused before anything is looked up."""
    scene = manual()
    step = scene.wish(1, DialNumber(number))
    assert error(step) == "bad_number"
    assert of(ClaimPhone, step) == []


def test_typed_number_without_a_manual_campaign() -> None:
    """1. No manual campaign runs: refused."""
    scene = manual(state=CampaignState.PAUSED)
    assert error(scene.wish(1, DialNumber("+18095550100"))) == "no_manual_campaign"


def test_typed_number_while_busy() -> None:
    """1. In a call he can't dial another; 2. nor without a phone."""
    scene = manual()
    typed(scene, lead(1))
    assert error(scene.wish(1, DialNumber("+18095550100"))) == "not_free"
    scene.lose_leg(2)
    assert error(scene.wish(2, DialNumber("+18095550100"))) == "not_free"


def test_typed_number_and_a_pause_meanwhile() -> None:
    """1. While the number is looked up the campaign pauses: refused, the lead goes back."""
    scene = manual()
    (order,) = of(ClaimPhone, scene.wish(1, DialNumber("+18095550100")))
    scene.wish(9, PauseCampaign(1))
    step = scene.feed(
        PhoneClaimed(at=scene.now, intent_id=order.intent_id, agent_id=1, lead=lead(1), number=order.number)
    )
    assert error(step) == "campaign_not_running"
    assert len(of(LeadsReturned, step)) == 1


def test_typed_number_while_his_customer_is_on_hold() -> None:
    """1. Back at his phone, a customer on hold for him; 2. dialling somebody else is refused."""
    scene = manual()
    typed(scene, lead(1))
    call = scene.connect()
    scene.lose_leg(1)
    scene.log_in(1, ready=False)
    assert scene.call(call).held_for == 1
    assert error(scene.wish(1, DialNumber("+18095550100"))) == "not_free"


# --- campaigns --------------------------------------------------------------------------------------------


def test_start_claims_and_dials() -> None:
    """1. A paused campaign with a ready agent dials nothing; 2. started, it claims and dials."""
    scene = Scene(campaign(state=CampaignState.PAUSED), leads=[lead(1)], agents=1)
    scene.log_in(1)
    assert of(ClaimLeads, scene) == []
    step = scene.wish(9, StartCampaign(1))
    assert of(CampaignMoved, step) == [
        CampaignMoved(at=scene.now, campaign_id=1, state=CampaignState.RUNNING)
    ]
    assert len(scene.dialled) == 1


def test_pause_between_plan_and_commit() -> None:
    """1. Planned, then paused; 2. committed it is cancelled, undialled, unburnt; 3. the agent is ready."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    scene.wish(9, PauseCampaign(1))
    step = scene.commit()
    assert of(Originate, step) == []
    assert outcomes(step) == [Outcome.CANCELLED]
    (moved,) = of(LeadMoved, step)
    assert moved.step == NextStep(LeadState.RESTING, scene.now + timedelta(minutes=5), 10)
    assert scene.agent(1).state is AgentState.READY


def test_pause_lets_calls_finish() -> None:
    """1. A ringing call of a paused campaign is answered; 2. and bridged as ever; 3. the hopper went back."""
    scene = Scene(leads=[lead(n) for n in range(1, 6)], agents=1)
    scene.log_in(1)
    step = scene.wish(9, PauseCampaign(1))
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(2, 3, 4, 5)]
    scene.connect()


def test_stop_drains_and_closes() -> None:
    """1. Stopped with a call open: DRAINING; 2. after the last call: CLOSED; 3. it can be started again."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.wish(9, StopCampaign(1))
    assert scene.floor.campaigns[1].state is CampaignState.DRAINING
    step = scene.hang_up(scene.dialled[0])
    assert [moved.state for moved in of(CampaignMoved, step)] == [CampaignState.CLOSED]
    assert error(scene.wish(9, StartCampaign(1))) is None


def test_stop_with_nothing_open_closes_at_once() -> None:
    """1. No call is open: DRAINING and CLOSED in one step; 2. stopping again is granted; 3. pausing is not."""
    scene = Scene(agents=1)
    step = scene.wish(9, StopCampaign(1))
    assert [moved.state for moved in of(CampaignMoved, step)] == [
        CampaignState.DRAINING,
        CampaignState.CLOSED,
    ]
    assert error(scene.wish(9, StopCampaign(1))) is None
    assert error(scene.wish(9, PauseCampaign(1))) == "wrong_state"


def test_stop_whose_last_plan_is_refused() -> None:
    """1. Draining with one planned attempt; 2. the store refuses it: nothing is left, the campaign closes."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    scene.wish(9, StopCampaign(1))
    scene.commit(refuse=[scene.planned[0].id])
    assert scene.floor.campaigns[1].state is CampaignState.CLOSED


def test_stop_of_a_paused_campaign_waits_for_its_calls() -> None:
    """1. Paused with a call open, then stopped: DRAINING, not CLOSED over its head; 2. CLOSED after the call."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.wish(9, PauseCampaign(1))
    scene.wish(9, StopCampaign(1))
    assert scene.floor.campaigns[1].state is CampaignState.DRAINING
    scene.hang_up(scene.dialled[0])
    assert scene.floor.campaigns[1].state is CampaignState.CLOSED


def test_unknown_campaign_and_rule_set() -> None:
    """1. A campaign nobody knows; 2. a rule set nobody knows: refused with their codes."""
    scene = Scene(campaign(state=CampaignState.DRAFT, rule_set="atlantis"), agents=1)
    assert error(scene.wish(9, StartCampaign(7))) == "unknown_campaign"
    assert error(scene.wish(9, StartCampaign(1))) == "bad_rule_set"
    assert scene.floor.campaigns[1].state is CampaignState.DRAFT


def test_rules_that_nobody_stands_behind() -> None:
    """1. The sources of the Mexican hours disagree: refused until a named person approved these very figures; 2. then
    it starts."""
    scene = Scene(campaign(rule_set="MX", state=CampaignState.PAUSED))
    assert error(scene.wish(9, StartCampaign(1))) == "rules_not_approved"
    version = load_rule_set("MX").version
    for approvals, then in (
        (frozenset({"MX-hours@2020-01-01+00000000"}), "rules_not_approved"),
        (frozenset({f"MX-hours@{version}"}), None),
    ):
        edited = replace(campaign(rule_set="MX"), approvals=approvals)
        scene.feed(CampaignEdited(at=scene.now, campaign=edited, dispositions=()))
        assert error(scene.wish(9, StartCampaign(1))) == then


def test_settings_that_break_the_rule_set() -> None:
    """1. A ring, a cap and a number that the law does not allow: refused, and what is put right starts."""
    shown = ShownNumber("telco", "+18095550190")
    right = replace(campaign(rule_set="CO"), shown=(replace(shown, owner="Sur", answered_by="the desk"),))
    scene = Scene(replace(right, state=CampaignState.PAUSED, shown=(shown,)))
    for edited, then in (
        (replace(right, ring_timeout_s=14), "breaks_rules"),
        (replace(right, abandon_cap=0.04), "breaks_rules"),
        (replace(right, shown=(shown,)), "breaks_rules"),
        (replace(right, mode=DialMode.PREDICTIVE), "breaks_rules"),
        (right, None),
    ):
        scene.feed(CampaignEdited(at=scene.now, campaign=edited, dispositions=()))
        assert error(scene.wish(9, StartCampaign(1))) == then


def test_the_campaigns_own_words_to_whom_nobody_attends() -> None:
    """1. He picks up: the words are made; 2. made, the switch has them, whatever becomes of us; 3. not made, it keeps
    its own."""
    scene = Scene(replace(campaign(), abandoned_text="Le llamó Sur."), leads=[lead(1), lead(2)], agents=2)
    scene.log_in(1, 2)
    for call, file in zip(scene.dialled, ("0" * 32, None), strict=True):
        (order,) = of(RenderText, scene.answer(call))
        assert (order.attempt_id, order.kind) == (call, SpokenText.ABANDONED)
        step = scene.feed(TextRendered(at=scene.now, attempt_id=call, kind=order.kind, file=file))
        assert of(PrepareMessage, step) == ([PrepareMessage(call, file)] if file else [])


def test_leads_that_come_after_the_pause_go_back() -> None:
    """1. Claimed while running, delivered when paused: returned at once."""
    scene = Scene(agents=1)
    scene.log_in(1)
    scene.wish(9, PauseCampaign(1))
    step = scene.feed(LeadsClaimed(at=scene.now, campaign_id=1, asked=10, leads=(lead(1), lead(2))))
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(1, 2)]


def test_mode_change_clears_the_hopper() -> None:
    """1. From progressive to preview: what was claimed goes back; 2. the state stays the engine's own."""
    scene = Scene(leads=[lead(n) for n in range(1, 5)], agents=1)
    scene.log_in(1)
    edited = campaign(mode=DialMode.PREVIEW, state=CampaignState.DRAFT, wrap_up_s=5)
    step = scene.feed(CampaignEdited(at=scene.now, campaign=edited))
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(2, 3, 4)]
    run = scene.floor.campaigns[1]
    assert (run.state, run.campaign.wrap_up_s) == (CampaignState.RUNNING, 5)


def test_leads_claimed_for_a_mode_that_does_not_want_them() -> None:
    """1. The campaign became manual while leads were being claimed: they go back, nobody would dial them."""
    scene = Scene(agents=1)
    scene.log_in(1)
    scene.feed(CampaignEdited(at=scene.now, campaign=campaign(mode=DialMode.MANUAL)))
    step = scene.feed(LeadsClaimed(at=scene.now, campaign_id=1, asked=10, leads=(lead(1),)))
    assert [back.lead_ids for back in of(LeadsReturned, step)] == [(1,)]


def test_settings_change_counts_from_the_next_call() -> None:
    """1. An attempt keeps the limits it was planned with; 2. the next has the new ones."""
    scene = Scene(leads=[lead(1), lead(2)], agents=1)
    scene.log_in(1)
    scene.feed(CampaignEdited(at=scene.now, campaign=campaign(ring_timeout_s=40, connect_limit_s=1.5)))
    scene.hang_up(scene.dialled[0])
    assert [(a.ring_timeout_s, a.connect_limit_s) for a in scene.planned] == [(25, 2.0), (40, 1.5)]


def test_campaign_created_while_running() -> None:
    """1. A campaign the shard has never seen arrives by its edit; 2. it is started and dials; 3. a result is taken."""
    scene = Scene(agents=1, leads=[lead(5, campaign_id=2)])
    scene.log_in(1)
    new = campaign(2, state=CampaignState.DRAFT)
    said = (StoredDisposition(2, "new", Effect.FINISH),)
    scene.feed(CampaignEdited(at=scene.now, campaign=new, dispositions=said))
    assert error(scene.wish(9, StartCampaign(2))) is None
    assert [attempt.campaign_id for attempt in scene.planned] == [2]
    assert error(scene.wish(1, Dispose(scene.connect(), "new", "", None))) is None


def test_urgent_campaign_first() -> None:
    """1. Two progressive campaigns and one agent; 2. the one of higher priority has him."""
    scene = Scene(
        campaign(1, state=CampaignState.PAUSED),
        campaign(2, state=CampaignState.PAUSED, priority=5),
        leads=[lead(1), lead(2, campaign_id=2)],
        agents=1,
    )
    scene.wish(9, StartCampaign(1))
    scene.wish(9, StartCampaign(2))
    scene.wish(1, GoReady())
    scene.log_in(1, ready=False)  # both claim while nobody is ready
    scene.run(1)
    scene.wish(1, GoReady())
    assert [attempt.campaign_id for attempt in scene.planned] == [2]


def test_do_not_call_said_on_the_phone() -> None:
    """1. "Never again": the lead is suppressed with its number."""
    scene = manual()
    typed(scene, lead(1))
    call = scene.connect()
    scene.hang_up(call)
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(call, NEVER, "", None)))
    assert moved.step == NextStep(LeadState.SUPPRESSED, reason=NEVER, phone_status=PhoneStatus.DO_NOT_CALL)
