"""A lead on its way to be dialled, as the case that the law judges: the engine and whoever asks "why" put it alike."""

from __future__ import annotations

from datetime import datetime

from dialer.compliance import Debtor, Deny, Role, judge
from dialer.compliance.debtor_wishes import wishes_of
from dialer.compliance.duties import min_ring_s
from dialer.compliance.overlays import rules_of
from dialer.compliance.rule_set import RuleSet
from dialer.compliance.whom import workplace_barred
from dialer.domain.campaign import Campaign
from dialer.domain.contact import Channel, Place
from dialer.domain.debtor import PartyRole
from dialer.domain.outcomes import PhoneStatus
from dialer.domain.values import ClaimedLead, LeadPhone, Verdict

#: What the law calls them.
_ROLES = {PartyRole.CO_DEBTOR: Role.CODEBTOR}


def rules_for(campaign: Campaign, lead: ClaimedLead) -> RuleSet:
    """All that binds a call of this campaign to this person about this debt. Raises BadInput on an unknown rule set."""
    return rules_of(campaign, creditor=lead.creditor, subdivision=lead.subdivision, city=lead.city)


def judge_lead(
    campaign: Campaign, lead: ClaimedLead, phone: LeadPhone, at: datetime, *, reserved: bool
) -> Verdict | Deny:
    """The verdict on dialling this number of the lead at `at`; `reserved`: an agent waits for this very call."""
    return judge(
        rules_for(campaign, lead),
        debtor_of(lead, phone, at),
        at=at,
        history=lead.contacts,
        agent_reserved=reserved,
        ring_timeout_s=ring_s(campaign, lead),
    )


def ring_s(campaign: Campaign, lead: ClaimedLead) -> int:
    """How long this call rings: as the campaign says, and never less than its rules and the contract's ask."""
    return max(campaign.ring_timeout_s, min_ring_s(rules_for(campaign, lead)))


def may_ring_there(campaign: Campaign, lead: ClaimedLead, phone: LeadPhone) -> bool:
    """Whether the number is no telephone at work where that is barred: of several, another is dialled instead."""
    if phone.place is not Place.WORKPLACE:
        return True
    rules = rules_for(campaign, lead)
    return not workplace_barred(rules, employer_forbids=lead.employer_forbids)


def debtor_of(lead: ClaimedLead, phone: LeadPhone, at: datetime) -> Debtor:
    """Whom a call to this number reaches, as far as we know."""
    return Debtor(
        number=phone.number.e164,
        zone=lead.time_zone,
        debts=lead.debts,
        account=lead.account,
        creditor=lead.creditor,
        place=phone.place,
        role=role_of(lead.role),
        do_not_call=lead.do_not_call or phone.history.status is PhoneStatus.DO_NOT_CALL,
        employer_forbids=lead.employer_forbids,
        wishes=wishes_of(
            lead.preferences, at=at, channel=Channel.VOICE, refused=phone.id in lead.refused_phones
        ),
    )


def role_of(party: PartyRole | None) -> Role:
    """None: the debtor himself."""
    return Role.DEBTOR if party is None else _ROLES.get(party) or Role(party)
