"""The contact law: may this person be contacted, on this number and channel, at this moment?

Pure functions `(case, at) -> Deny | None`, one matter per file; `RULES` is their order, and the first that forbids is
the reason told. A rule set (the law as data, one YAML file per country under `presets/`) says with what figures. The
verdict that counts is taken at originate time and stored with the attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dialer.compliance.calling_hours import calling_hours
from dialer.compliance.case import Case, Debtor, Deny, Wishes
from dialer.compliance.frequency import frequency
from dialer.compliance.local_time import zones_to_obey
from dialer.compliance.provisions import Role
from dialer.compliance.rule_set import RuleSet, load_rule_set, rule_set_names
from dialer.compliance.spacing import in_flight, redial, spacing
from dialer.compliance.whom import channel_consent, contact_scope, do_not_call
from dialer.domain.contact import Channel, Contact
from dialer.domain.values import Verdict

RULES: dict[str, Callable[[Case, datetime], Deny | None]] = {
    "do_not_call": do_not_call,
    "contact_scope": contact_scope,
    "channel_consent": channel_consent,
    "calling_hours": calling_hours,
    "frequency": frequency,
    "spacing": spacing,
    "in_flight": in_flight,
    "redial": redial,
}
_CHECKED = tuple(RULES)
#: A denial whose clearing is still denied is followed so often; each step is a later instant.
MAX_STEPS = 1000

__all__ = [
    "RULES",
    "Channel",
    "Contact",
    "Debtor",
    "Deny",
    "Role",
    "RuleSet",
    "Wishes",
    "judge",
    "load_rule_set",
    "rule_set_names",
]


def judge(
    rules: RuleSet,
    debtor: Debtor,
    *,
    at: datetime,
    channel: Channel = Channel.VOICE,
    history: Sequence[Contact] = (),
    ring_timeout_s: float = 0,
    agent_reserved: bool = False,
    campaign_started_at: datetime | None = None,
) -> Verdict | Deny:
    """The verdict on one contact: the Verdict to store with the attempt, or the first rule that forbids it.

    `at` is aware; `history` holds the person's earlier contacts, in any order (later ones than `at` do not count).
    The denial's `until` is the first instant from `at` on at which every rule allows it, if nothing else happens till
    then; None when time alone does not help.
    """
    margin_s = max(rules.margin_s, ring_timeout_s) if channel is Channel.VOICE else 0
    zones = zones_to_obey(debtor.zone, debtor.number, rules.zones, debtor.other_zones)
    case = Case(
        rules,
        debtor,
        channel,
        zones,
        [event for event in history if event.at <= at],
        timedelta(seconds=margin_s),
        agent_reserved,
        campaign_started_at,
    )
    first = _first_denial(case, at)
    if first is None:
        return Verdict(rules.name, rules.version, _CHECKED)
    return replace(first, until=_clears(case, first))


def _first_denial(case: Case, at: datetime) -> Deny | None:
    for rule in RULES.values():
        if denial := rule(case, at):
            return denial
    return None


def _clears(case: Case, denial: Deny) -> datetime | None:
    """The first lawful instant: each rule names the first at which *it* no longer forbids, so no step passes one."""
    for _ in range(MAX_STEPS):
        if denial.until is None:
            return None
        following = _first_denial(case, denial.until)
        if following is None:
            return denial.until
        denial = following
    return None
