"""Why a lead can, or can't, be called now: the first thing in the way, its norm, and when it clears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from dialer.compliance import Deny
from dialer.compliance.lead_case import judge_lead, rules_for
from dialer.domain.campaign import Campaign, CampaignState, DialMode
from dialer.domain.outcomes import Effect, LeadState, PhoneStatus
from dialer.domain.values import ClaimedLead, LeadPhone
from dialer.store.database import Connection
from dialer.store.lead_cards import read_leads
from dialer.store.shard_state import read_campaign

#: Modes in which an agent waits for the very call.
_RESERVED = frozenset(DialMode) - {DialMode.POWER, DialMode.PREDICTIVE}
#: Leads of a campaign judged for its counts, unless more are asked for.
JUDGED = 5000
PAGE = 500


@dataclass(frozen=True, slots=True)
class PhoneVerdict:
    """The law's word on one of the person's numbers."""

    phone_id: int
    number: str
    denial: Deny | None


@dataclass(frozen=True, slots=True)
class Callability:
    """Whether a lead would be dialled now. `rule` is the first thing in the way; None: nothing is."""

    lead_id: int
    campaign: str
    rule_set: str
    version: str
    state: str
    rule: str | None
    norm: str
    src: tuple[str, ...]
    conf: str
    clears_at: datetime | None
    phones: tuple[PhoneVerdict, ...]


#: A lead with its campaign and list; and when the first promise that silences it breaks: with the debtor's first day
#: after its own day and grace (`break_promises` in the store's SQL).
_STANDING = """
SELECT lead.state, lead.state_reason, lead.next_at, lead_list.active, campaign.name, campaign.rule_set,
       campaign.state AS campaign_state, lead.campaign_id,
       (
           SELECT min(
               (promise.due_on + promise.grace_days + 1)::timestamp AT TIME ZONE coalesce(person.time_zone, 'UTC')
           )
           FROM promise
           JOIN person ON person.id = promise.person_id
           WHERE promise.person_id = lead.person_id AND promise.state = 'open'
             AND (promise.debt_id IS NULL OR promise.debt_id IS NOT DISTINCT FROM lead.debt_id)
       ) AS silent_until
FROM lead
JOIN campaign ON campaign.id = lead.campaign_id
JOIN lead_list ON lead_list.id = lead.list_id
WHERE lead.id = $1
"""


async def explain_lead(connection: Connection, lead_id: int, now: datetime) -> Callability | None:
    """What stands between a lead and its next call; None when there is no such lead.

    In the dialer's own order: the campaign and its list, the lead's state and rest, its numbers, then the law.
    """
    row = await connection.fetchrow(
        _STANDING,
        lead_id,
    )
    cards = await read_leads(connection, [lead_id], now)
    if row is None or not cards:
        return None
    campaign = await read_campaign(connection, row["campaign_id"])
    lead = cards[0].lead
    phones = tuple(
        PhoneVerdict(phone.id, phone.number.e164, _judged(campaign, lead, phone, now))
        for phone in lead.phones
        if phone.history.status is PhoneStatus.ACTIVE
    )
    rule, clears_at, denial = _first_obstacle(row, phones, now)
    rules = rules_for(campaign, lead)
    return Callability(
        lead_id=lead_id,
        campaign=row["name"],
        rule_set=rules.name,
        version=rules.version,
        state=row["state"],
        rule=rule,
        norm=denial.norm if denial else "",
        src=denial.src if denial else (),
        conf=denial.conf if denial else "",
        clears_at=clears_at,
        phones=phones,
    )


def _first_obstacle(
    row: asyncpg.Record, phones: tuple[PhoneVerdict, ...], now: datetime
) -> tuple[str | None, datetime | None, Deny | None]:
    state = LeadState(row["state"])
    if state is LeadState.SUPPRESSED and row["state_reason"] == Effect.PROMISE:
        return row["state_reason"], row["silent_until"], None
    if state is LeadState.SUPPRESSED or state is LeadState.FINISHED:
        return row["state_reason"] or str(state), None, None
    if state is LeadState.IN_ATTEMPT:
        return "in_call_now", None, None
    if row["campaign_state"] != CampaignState.RUNNING:
        return f"campaign_{row['campaign_state']}", None, None
    if not row["active"]:
        return "list_inactive", None, None
    if row["next_at"] > now:
        waits = row["state_reason"] or ("not_due" if state is LeadState.CALLABLE else str(state))
        denial = _denial_of_all(phones, now)
        # The law put it to rest and still says so: its norm is told, too.
        return waits, row["next_at"], denial if denial and denial.rule == waits else None
    if not phones:
        return "no_number", None, None
    first = _denial_of_all(phones, now)
    return (first.rule, first.until, first) if first else (None, None, None)


def _denial_of_all(phones: Sequence[PhoneVerdict], now: datetime) -> Deny | None:
    """What stands in the way of every number; None when one may be called."""
    denials = [phone.denial for phone in phones if phone.denial]
    return _first_to_clear(denials, now) if denials and len(denials) == len(phones) else None


def _first_to_clear(denials: Sequence[Deny], now: datetime) -> Deny:
    """Of what several numbers wait for, what that one waits for that may be called first."""
    return min(denials, key=lambda denial: (denial.until is None, denial.until or now))


def _judged(campaign: Campaign, lead: ClaimedLead, phone: LeadPhone, now: datetime) -> Deny | None:
    verdict = judge_lead(campaign, lead, phone, now, reserved=campaign.mode in _RESERVED)
    return verdict if isinstance(verdict, Deny) else None


@dataclass(frozen=True, slots=True)
class CampaignCallability:
    """A campaign's leads by what stands in their way. The law was asked for `judged` of the `due` ones."""

    states: dict[str, int]
    due: int
    judged: int
    law: dict[str, int]  # the first rule in the way of those, or "callable"
    #: What stands in the way by rule, of the lead that it lets go first.
    denials: dict[str, Deny]


async def explain_campaign(
    connection: Connection, campaign_id: int, now: datetime, most: int = JUDGED
) -> CampaignCallability:
    """Counts per reason: of all leads by state and its reason, of those that are due by the law's word."""
    campaign = await read_campaign(connection, campaign_id)
    states: dict[str, int] = {}
    due = 0
    waiting = (LeadState.CALLABLE, LeadState.RESTING, LeadState.CALLBACK)
    for found in await connection.fetch(
        "SELECT state, state_reason, next_at > $2 AS rests, count(*) AS n FROM lead WHERE campaign_id = $1"
        " GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2",
        campaign_id,
        now,
    ):
        if found["state"] in waiting and not found["rests"]:
            due += found["n"]
            continue
        name = (
            found["state"] if found["state_reason"] is None else f"{found['state']}: {found['state_reason']}"
        )
        states[name] = states.get(name, 0) + found["n"]
    law, judged = Counter[str](), 0
    first: dict[str, Deny] = {}
    ids = [
        found["id"]
        for found in await connection.fetch(
            "SELECT id FROM lead WHERE campaign_id = $1 AND state = ANY ($2::text[]) AND next_at <= $3"
            " ORDER BY priority DESC, next_at, id LIMIT $4",
            campaign_id,
            list(waiting),
            now,
            most,
        )
    ]
    for start in range(0, len(ids), PAGE):
        for card in await read_leads(connection, ids[start : start + PAGE], now):
            lead = card.lead
            usable = [phone for phone in lead.phones if phone.history.status is PhoneStatus.ACTIVE]
            words = [_judged(campaign, lead, phone, now) for phone in usable]
            denials = [word for word in words if word]
            if not usable:
                law["no_number"] += 1
            elif len(denials) < len(words):
                law["callable"] += 1
            else:
                denial = _first_to_clear(denials, now)
                law[denial.rule] += 1
                first[denial.rule] = _first_to_clear([first.get(denial.rule, denial), denial], now)
            judged += 1
    return CampaignCallability(states, due, judged, dict(law.most_common()), first)
