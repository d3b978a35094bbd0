"""What people ask for: agents at their consoles, supervisors with their campaigns. Refused with a code, or done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from dialer.compliance import load_rule_set
from dialer.compliance.duties import start_breaches
from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignInput, CampaignState, DialMode
from dialer.domain.commands import ClaimPhone, ConnectLeg, HangUpCall, HangUpLeg
from dialer.domain.dispositions import check_details
from dialer.domain.errors import BadInput, Refused
from dialer.domain.events import CampaignEdited, PhoneClaimed, Wished
from dialer.domain.facts import ContactCeased, IntentSettled, ScriptStepped
from dialer.domain.outcomes import Effect
from dialer.domain.values import AttemptId, HungUpBy, LegId, PhoneNumber, mint_ulid
from dialer.domain.wishes import (
    AgentWish,
    ConnectPhone,
    ConsoleLost,
    DialNumber,
    DialPreview,
    Dispose,
    GoNotReady,
    GoReady,
    HangUp,
    LeaveGroup,
    LogOut,
    PauseCampaign,
    RefuseRecording,
    SkipPreview,
    StartCampaign,
    StayInGroup,
    StopCampaign,
    TickNotice,
    WalkScript,
)
from dialer.engine import reasons, screening
from dialer.engine.calls import give_notice, lose_leg, refuse_recording
from dialer.engine.choosing import allow, phone_of
from dialer.engine.endings import close_if_drained, debtor_time, log_out, settle_disposition
from dialer.engine.floor import Floor
from dialer.engine.planning import plan
from dialer.engine.records import LOG_OUT, MOVED, Agent, Call, CampaignRun
from dialer.engine.reserving import withdraw_preview

#: A lead skipped in preview comes again after this.
SKIPPED_REST = timedelta(minutes=30)


def on_wished(floor: Floor, event: Wished) -> None:
    """Carry the wish out, or refuse it; either way its intent is settled (a phone look-up settles later)."""
    error: str | None = None
    try:
        wish = event.wish
        if isinstance(wish, StartCampaign | PauseCampaign | StopCampaign):
            _campaign_wish(floor, wish, event.at)
        elif isinstance(wish, DialNumber):
            _dial_number(floor, _agent(floor, event.user_id, event.at), wish, event.intent_id)
            return
        else:
            _agent_wish(floor, _agent(floor, event.user_id, event.at), wish, event.at)
    except Refused as refusal:
        error = refusal.code
    floor.note(IntentSettled(at=event.at, intent_id=event.intent_id, user_id=event.user_id, error=error))


def _agent(floor: Floor, user_id: int, at: datetime) -> Agent:
    """The agent, known from the start or created since."""
    if user_id not in floor.agents:
        sip_user = f"agent-{user_id}"
        floor.add_agent(Agent(user_id, sip_user, sip_user, AgentState.LOGGED_OUT, at))
    return floor.agents[user_id]


def _agent_wish(floor: Floor, agent: Agent, wish: AgentWish, at: datetime) -> None:
    match wish:
        case ConnectPhone():
            _connect_phone(floor, agent, at)
        case GoReady():
            _go_ready(floor, agent, at)
        case GoNotReady():
            _go_not_ready(floor, agent, wish.reason, at)
        case LogOut():
            _log_out(floor, agent, at, LOG_OUT)
        case LeaveGroup():
            _log_out(floor, agent, at, MOVED)
        case StayInGroup():
            if agent.after_wrap_up == MOVED:
                agent.after_wrap_up = None
                floor.note_agent(agent, at)
        case ConsoleLost():
            if agent.leg_id:
                floor.order(HangUpLeg(agent.leg_id))
                lose_leg(floor, agent, at)
        case HangUp():
            _hang_up(floor, _call_of(floor, agent, wish.attempt_id))
        case Dispose():
            _dispose(floor, agent, wish, at)
        case TickNotice():
            call = _call_of(floor, agent, wish.attempt_id)
            if call.state is not CallState.BRIDGED:
                raise Refused("not_in_call")
            if not call.notice_given:
                give_notice(floor, call, at, spoken=True)
        case RefuseRecording():
            call = _call_of(floor, agent, wish.attempt_id)
            if call.state is not CallState.BRIDGED:
                raise Refused("not_in_call")
            refuse_recording(floor, call, agent.id, at)
        case WalkScript():
            _walk_script(floor, agent, wish, at)
        case DialPreview():
            _dial_preview(floor, agent, wish, at)
        case SkipPreview():
            lead = agent.preview
            if lead is None or lead.id != wish.lead_id or agent.state is not AgentState.PREVIEWING:
                raise Refused("no_preview")
            agent.preview = None
            run = floor.campaigns[lead.campaign_id]
            floor.return_leads(run, at, [lead], rest=SKIPPED_REST, rule="skipped")
            floor.move_agent(agent, AgentInput.RELEASED, at)
        case DialNumber():
            raise AssertionError("a typed number is looked up first")
        case _:
            assert_never(wish)


# --- the phone and the state ------------------------------------------------------------------------------


def _connect_phone(floor: Floor, agent: Agent, at: datetime) -> None:
    if agent.leg_id:  # a reload: the old leg may still stand
        floor.order(HangUpLeg(agent.leg_id))
        lose_leg(floor, agent, at)
    leg_id = LegId(f"leg-{mint_ulid(at, floor.rng)}")
    agent.leg_id = leg_id
    floor.legs[leg_id] = agent.id
    floor.order(ConnectLeg(leg_id, agent.sip_user))
    if agent.state is AgentState.LOGGED_OUT:
        floor.move_agent(agent, AgentInput.LOGGED_IN, at)
    else:
        floor.note_agent(agent, at)


def _go_ready(floor: Floor, agent: Agent, at: datetime) -> None:
    match agent.state:
        case AgentState.NOT_READY:
            floor.move_agent(agent, AgentInput.WENT_READY, at)
        case AgentState.READY | AgentState.PREVIEWING:
            pass
        case AgentState.RESERVED | AgentState.ON_CALL | AgentState.WRAP_UP:
            if agent.after_wrap_up != MOVED:
                agent.after_wrap_up = None
                floor.note_agent(agent, at)
        case AgentState.UNREACHABLE | AgentState.LOGGED_OUT:
            raise Refused("phone_down", "connect the phone first")


def _go_not_ready(floor: Floor, agent: Agent, reason: str, at: datetime) -> None:
    match agent.state:
        case AgentState.READY | AgentState.NOT_READY:
            floor.move_agent(agent, AgentInput.WENT_NOT_READY, at, reason)
        case AgentState.PREVIEWING:
            withdraw_preview(floor, agent, at)
            floor.move_agent(agent, AgentInput.WENT_NOT_READY, at, reason)
        case AgentState.RESERVED | AgentState.ON_CALL | AgentState.WRAP_UP:
            if agent.after_wrap_up != MOVED:
                agent.after_wrap_up = reason
                floor.note_agent(agent, at)
        case AgentState.UNREACHABLE | AgentState.LOGGED_OUT:
            raise Refused("phone_down", "connect the phone first")


def _log_out(floor: Floor, agent: Agent, at: datetime, after: str) -> None:
    match agent.state:
        case AgentState.LOGGED_OUT:
            return
        case AgentState.RESERVED | AgentState.ON_CALL | AgentState.WRAP_UP:
            agent.after_wrap_up = MOVED if agent.after_wrap_up == MOVED else after
            floor.note_agent(agent, at)
        case _:
            if agent.state is AgentState.PREVIEWING:
                withdraw_preview(floor, agent, at)
            log_out(floor, agent, at)


# --- the call ---------------------------------------------------------------------------------------------


def _call_of(floor: Floor, agent: Agent, attempt_id: str) -> Call:
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id else None
    if call is None or call.id != attempt_id:
        raise Refused("not_your_call")
    return call


def _hang_up(floor: Floor, call: Call) -> None:
    call.hung_up_by = HungUpBy.AGENT
    if call.state is not CallState.PLANNED:
        floor.order(HangUpCall(call.id))


def _dispose(floor: Floor, agent: Agent, wish: Dispose, at: datetime) -> None:
    call = _talk_of(floor, agent, wish.attempt_id)
    effect = floor.dispositions.get((call.attempt.campaign_id, wish.code))
    if effect is None:
        raise Refused("unknown_disposition")
    if (effect is Effect.CALLBACK) != (wish.callback_at is not None):
        raise Refused("callback_time", "a callback, and only a callback, has a time")
    if wish.callback_at is not None and wish.callback_at <= at:
        raise Refused("callback_time", "the time of a callback lies in the future")
    check_details(effect, wish.details, today=debtor_time(call.lead, at).date())
    call.disposition = wish
    if effect is Effect.DO_NOT_CALL:  # at once, though he is still on the line
        floor.note(
            ContactCeased(
                at=at, attempt_id=call.id, agent_id=agent.id, lead_id=call.attempt.lead_id, code=wish.code
            )
        )
    if wish.attempt_id in floor.wrapping:
        settle_disposition(floor, call, agent, at)
    else:
        _hang_up(floor, call)


def _talk_of(floor: Floor, agent: Agent, attempt_id: AttemptId) -> Call:
    """The conversation he has, or owes his word for."""
    call = floor.wrapping.get(attempt_id) or floor.calls.get(attempt_id)
    if agent.attempt_id != attempt_id or call is None or call.connected_at is None:
        raise Refused("not_your_call")
    return call


def _walk_script(floor: Floor, agent: Agent, wish: WalkScript, at: datetime) -> None:
    call = _talk_of(floor, agent, wish.attempt_id)
    floor.note(
        ScriptStepped(
            at=at,
            attempt_id=call.id,
            agent_id=agent.id,
            version_id=wish.version_id,
            step=wish.step,
            answer=wish.answer,
        )
    )


def _dial_preview(floor: Floor, agent: Agent, wish: DialPreview, at: datetime) -> None:
    lead = agent.preview
    if lead is None or lead.id != wish.lead_id or agent.state is not AgentState.PREVIEWING:
        raise Refused("no_preview")
    run = floor.campaigns[lead.campaign_id]
    if run.state is not CampaignState.RUNNING:
        raise Refused("campaign_not_running")
    phone = phone_of(lead, wish.phone_id)
    if phone is None:
        raise Refused("number_not_usable")
    lead = replace(lead, next_phone_id=phone.id)
    if lead.lease_until <= at:
        withdraw_preview(floor, agent, at)
        raise Refused("preview_expired")
    if lead.person_id in floor.persons:
        raise Refused("person_in_call")
    choice = allow(floor, run, lead, phone, at, reserved=True)
    if choice is None:  # the lead rests, the agent goes on
        agent.preview = None
        floor.move_agent(agent, AgentInput.RELEASED, at)
        raise Refused("not_allowed_now")
    if not plan(floor, run, choice, at, agent):
        raise Refused("no_line")


def _free(agent: Agent) -> bool:
    """Whether he may dial by hand: at his phone, in no call, and with no customer on hold for him."""
    free = agent.state in (AgentState.READY, AgentState.NOT_READY)
    return free and agent.leg_up and agent.attempt_id is None


def _dial_number(floor: Floor, agent: Agent, wish: DialNumber, intent_id: int) -> None:
    if not _free(agent):
        raise Refused("not_free")
    manual = tuple(r.campaign.id for r in floor.running() if r.campaign.mode is DialMode.MANUAL)
    if not manual:
        raise Refused("no_manual_campaign")
    try:
        number = PhoneNumber("+" + "".join(c for c in wish.number if c not in " ()-./+"))
    except ValueError:
        raise Refused("bad_number", "write the number in international form") from None
    floor.order(ClaimPhone(intent_id, agent.id, number.e164, manual))


def on_phone_claimed(floor: Floor, event: PhoneClaimed) -> None:
    """The second half of a manual dial: the number was found (or not)."""
    error: str | None = None
    try:
        _dial_claimed(floor, event)
    except Refused as refusal:
        error = refusal.code
    floor.note(IntentSettled(at=event.at, intent_id=event.intent_id, user_id=event.agent_id, error=error))


def _dial_claimed(floor: Floor, event: PhoneClaimed) -> None:
    lead = event.lead
    if lead is None:
        raise Refused("number_unknown")
    run = floor.campaigns[lead.campaign_id]
    agent = floor.agents[event.agent_id]
    phone_id = next((p.id for p in lead.phones if p.number.e164 == event.number), None)
    phone = phone_of(lead, phone_id) if phone_id is not None else None
    refusal = None
    if run.state is not CampaignState.RUNNING:
        refusal = "campaign_not_running"
    elif not _free(agent):
        refusal = "not_free"
    elif lead.person_id in floor.persons:
        refusal = "person_in_call"
    if refusal or phone is None:
        floor.return_leads(run, event.at, [lead])
        raise Refused(refusal or "number_not_usable")
    choice = allow(floor, run, lead, phone, event.at, reserved=True)
    if choice is None:
        raise Refused("not_allowed_now")
    if not plan(floor, run, choice, event.at, agent):
        floor.return_leads(run, event.at, [lead])
        raise Refused("no_line")


# --- campaigns --------------------------------------------------------------------------------------------


def _campaign_wish(floor: Floor, wish: StartCampaign | PauseCampaign | StopCampaign, at: datetime) -> None:
    run = floor.campaigns.get(wish.campaign_id)
    if run is None:
        raise Refused("unknown_campaign")
    match wish:
        case StartCampaign():
            try:
                rules = load_rule_set(run.campaign.rule_set)
                broken = start_breaches(run.campaign, at.date())
            except BadInput as error:
                raise Refused("bad_rule_set", str(error)) from error
            if missing := rules.unapproved(run.campaign.approvals):
                raise Refused(
                    "rules_not_approved",
                    f"nobody has approved {', '.join(missing)} of {rules.name} {rules.version}",
                )
            if broken:
                raise Refused("breaks_rules", "; ".join(map(str, broken)))
            done = run.state is CampaignState.RUNNING or floor.move_campaign(run, CampaignInput.STARTED, at)
            run.claim_not_before = None
        case PauseCampaign():
            done = run.state is CampaignState.PAUSED or floor.move_campaign(run, CampaignInput.PAUSED, at)
        case StopCampaign():
            done = run.state in (CampaignState.DRAINING, CampaignState.CLOSED) or floor.move_campaign(
                run, CampaignInput.STOPPED, at
            )
        case _:
            assert_never(wish)
    if not done:
        raise Refused("wrong_state", f"the campaign is {run.state}")
    if run.state is not CampaignState.RUNNING:
        clear_floor_of(floor, run, at)


def clear_floor_of(floor: Floor, run: CampaignRun, at: datetime) -> None:
    """A campaign that does not run any more: previews go back, unsent attempts die at their commit."""
    for agent in floor.agents.values():
        if agent.preview and agent.preview.campaign_id == run.campaign.id:
            withdraw_preview(floor, agent, at)
    close_if_drained(floor, run, at)


def on_campaign_edited(floor: Floor, event: CampaignEdited) -> None:
    """New settings count from the next call on; the state stays the engine's own."""
    edited = event.campaign
    for said in event.dispositions:
        floor.dispositions[said.campaign_id, said.code] = said.effect
    run = floor.campaigns.get(edited.id)
    screening.watch_campaign(floor, edited)
    if run is None:
        floor.add_campaign(edited)
        return
    mode_changed = run.campaign.mode is not edited.mode
    run.closed_zones.clear()  # the law may be another now
    floor.set_campaign(run, replace(edited, state=run.state))
    if reasons.halt_unlawful(floor, run, event.at):
        clear_floor_of(floor, run, event.at)
        return
    if mode_changed:
        floor.empty_hopper(run, event.at)
        for agent in floor.agents.values():
            if agent.preview and agent.preview.campaign_id == edited.id:
                withdraw_preview(floor, agent, event.at)
