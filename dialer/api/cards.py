"""The card an agent sees of his call: read once when the customer answers, then kept current by the log's events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from dialer.api.live_schemas import CallCard, DebtCard, PersonCard, PhoneCard
from dialer.api.schemas import DispositionView
from dialer.api.script_views import ScriptView, show_script
from dialer.domain.call import CallState
from dialer.domain.outcomes import Outcome
from dialer.portfolio.script_graph import parse_graph
from dialer.portfolio.scripts import LOCALES, ScriptCall, ScriptDebt
from dialer.portfolio.split import choose
from dialer.store.live import WAITING_STATES, AgentFigures, Event
from dialer.store.read_models import Card, CardDebt


def advance(card: Card, event: Event) -> Card:
    """The card after an event of its attempt. An event it was read with already changes nothing that stays."""
    match event.type:
        case "AttemptMoved":
            state = CallState(event.data["state"])
            answered_at, connected_at = card.answered_at, card.connected_at
            if state in WAITING_STATES or state in (CallState.BRIDGED, CallState.MESSAGE):
                answered_at = answered_at or event.at
            if state is CallState.BRIDGED:
                connected_at = connected_at or event.at
            return replace(card, state=state, answered_at=answered_at, connected_at=connected_at)
        case "AttemptEnded":
            outcome = Outcome(event.data["outcome"])
            return replace(card, state=CallState.ENDED, ended_at=event.at, outcome=outcome)
        case "NoticeGiven":
            return replace(card, notice_at=card.notice_at or event.at)
        case "RecordingBegan":
            return replace(card, recording=True)
        case "RecordingClosed" | "RecordingRefused":
            return replace(card, recording=False)
        case "AttemptDisposed":
            return replace(card, disposition=event.data["code"])
        case _:
            return card


def show_card(card: Card, agent: AgentFigures, script: ScriptView | None) -> CallCard:
    """The card as it goes to `agent`'s screen."""
    today = datetime.now(UTC).date()
    return CallCard(
        attempt_id=card.attempt_id,
        lead_id=card.lead_id,
        campaign_id=card.campaign_id,
        campaign_name=card.campaign_name,
        mode=card.mode,
        rule_set=card.rule_set,
        state=card.state,
        number=card.number,
        phone_id=card.phone_id,
        person=PersonCard(
            full_name=card.full_name,
            external_ref=card.external_ref,
            language=card.language,
            time_zone=card.time_zone,
        ),
        phones=[PhoneCard(id=phone.id, number=phone.number, status=phone.status) for phone in card.phones],
        debts=[
            DebtCard(
                external_ref=debt.external_ref,
                creditor=debt.creditor,
                product=debt.product,
                balance_minor=debt.balance_minor,
                currency=debt.currency,
                due_on=debt.due_on,
                days_past_due=_days_past_due(debt, today),
            )
            for debt in card.debts
        ],
        segment=card.segment,
        target_handling_s=card.target_handling_s,
        script_name=card.script_name,
        script=script,
        dispositions=[
            DispositionView(code=d.code, label=d.label, effect=d.effect, right_party=d.right_party)
            for d in card.dispositions
        ],
        recording_notice=card.recording_notice,
        notice_at=card.notice_at,
        recording=card.recording,
        answered_at=card.answered_at,
        connected_at=card.connected_at,
        ended_at=card.ended_at,
        outcome=card.outcome,
        wrap_up_until=agent.wrap_up_until,
    )


def fill_script(card: Card, agent_name: str) -> ScriptView | None:
    """The version of the lead's script that he hears, filled with the call's fields; None where there is none."""
    chosen = choose(card.lead_id, [(id_, share) for id_, share, _, _ in card.script_versions])
    if chosen is None:
        return None
    number, graph = next((number, graph) for id_, _, number, graph in card.script_versions if id_ == chosen)
    debt = None
    if card.has_debt:
        first = card.debts[0]
        debt = ScriptDebt(
            reference=first.external_ref,
            creditor=first.creditor,
            product=first.product,
            balance_minor=first.balance_minor,
            currency=first.currency,
            due_on=first.due_on,
            days_past_due=_days_past_due(first, datetime.now(UTC).date()),
        )
    language = card.script_language or card.language
    call = ScriptCall(
        debtor_name=card.full_name,
        debtor_reference=card.external_ref,
        number=card.number,
        agent_name=agent_name,
        campaign_name=card.campaign_name,
        debt=debt,
        language=language if language in LOCALES else "es",
    )
    return show_script(parse_graph(graph), call, version_id=chosen, number=number)


def _days_past_due(debt: CardDebt, today: date) -> int | None:
    """Since the due date; 0 before it, None where there is none."""
    return None if debt.due_on is None else max((today - debt.due_on).days, 0)
