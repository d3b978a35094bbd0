"""Whom, at all: requests not to be called, who may be spoken to about a debt, and on which channels."""

from __future__ import annotations

from datetime import datetime

from dialer.compliance.case import Case, Deny
from dialer.compliance.provisions import ConsentBasis, ContactScope, Role
from dialer.compliance.rule_set import RuleSet
from dialer.domain.contact import Place

DO_NOT_CALL = "do_not_call"
CONTACT_SCOPE = "contact_scope"
CHANNEL_CONSENT = "channel_consent"


def do_not_call(case: Case, at: datetime) -> Deny | None:
    """A person or number on the do-not-call list is not called, and time does not change it."""
    return Deny(DO_NOT_CALL, None) if case.debtor.do_not_call else None


def contact_scope(case: Case, at: datetime) -> Deny | None:
    """Only who answers for the debt, not at work where that is barred, not after a written request to cease."""
    debtor = case.debtor
    for scope in case.rules.scopes:
        barred_workplace = debtor.place is Place.WORKPLACE and _barred_by(
            scope, employer_forbids=debtor.employer_forbids
        )
        if (
            debtor.role not in scope.roles
            or barred_workplace
            or (debtor.cease_request and scope.cease_request_stops)
            or (debtor.attorney and scope.attorney_stops)
        ):
            return Deny.by(CONTACT_SCOPE, scope, None)
    if debtor.cease_request and not case.rules.scopes:
        return Deny(CONTACT_SCOPE, None)
    return None


def workplace_barred(rules: RuleSet, *, employer_forbids: bool) -> bool:
    """Whether nobody may be called at work under these rules."""
    return any(_barred_by(scope, employer_forbids=employer_forbids) for scope in rules.scopes)


def _barred_by(scope: ContactScope, *, employer_forbids: bool) -> bool:
    return employer_forbids or scope.workplace == "forbidden"


def channel_consent(case: Case, at: datetime) -> Deny | None:
    """Only the channels that the debtor authorised, where the law asks for that."""
    wishes = case.debtor.wishes
    for rule in case.rules.consents:
        if rule.channels != "all" and case.channel not in rule.channels:
            continue
        given = wishes.written_channels if rule.basis is ConsentBasis.WRITTEN else wishes.channels
        agreed = rule.when_unknown == "allowed" if given is None else case.channel in given
        if not agreed or case.channel in wishes.refused_channels:
            return Deny.by(CHANNEL_CONSENT, rule, None)
    chosen = wishes.channels is None or case.channel in wishes.channels
    if not chosen or case.channel in wishes.refused_channels:
        return Deny(CHANNEL_CONSENT, None, note="the debtor chose other channels")
    return None


__all__ = ["Role", "channel_consent", "contact_scope", "do_not_call"]
